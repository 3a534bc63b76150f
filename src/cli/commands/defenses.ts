/** `naptune defenses`: what there is, what each trains, how large it is on a model, and where it comes from. */

import type { Command } from 'commander'
import { entry } from '../../core/at.js'
import { trainableParameters } from '../../defenses/defense.js'
import type { DefenseDefinition } from '../../defenses/define-defense.js'
import { defenses, prepareDefense } from '../../defenses/registry.js'
import { testTimeDefenses } from '../../defenses/test-time/registry.js'
import { tuningLosses } from '../../defenses/tuning-losses.js'
import { parameterGroups } from '../../evaluation/deployed/parameter-groups.js'
import { tuningConfig } from '../../methods/tuning/configuration.js'
import { loadPreset, presetNames } from '../../methods/tuning/presets.js'
import type { ClipModel } from '../../vlm/model.js'
import { grouped } from '../format.js'
import { loadModel, modelOption } from '../inputs.js'
import { addSharedOptions, type SharedOptions } from '../options.js'
import { type Session, withSession } from '../session.js'
import { textTable } from '../table.js'

interface DefensesOptions extends SharedOptions {
	readonly model: string
	readonly presets?: boolean
}

/** Classes play no part in the number of parameters, which all methods share among classes. */
const exampleClasses = ['cat', 'dog']

/** Adds the command. */
export function addDefensesCommand(program: Command): void {
	addSharedOptions(
		program
			.command('defenses')
			.description('List the defenses: what each trains, its parameters on a model, its loss and its source.')
			.addOption(modelOption())
			.option('--presets', 'list the presets, too'),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune defenses --model openai/clip-vit-base-patch16`,
		)
		.action((options: DefensesOptions) => withSession(options, (session) => runDefenses(options, session)))
}

async function runDefenses(options: DefensesOptions, session: Session): Promise<void> {
	const clip = await loadModel(options.model)
	const rows = [...defenses.values()].map((definition) => describe(definition, clip))
	const testTime = [...testTimeDefenses.values()].map(({ name, doc, source, adapts, attackedThrough }) => ({
		name,
		doc,
		source,
		adapts,
		attackedThrough,
	}))
	const presets = await Promise.all((await presetNames()).map(loadPreset))
	const table = textTable(
		[{ heading: 'defense' }, { heading: 'parameters', align: 'right' }, { heading: 'what it learns, and from where' }],
		rows.flatMap(({ name, trainableParameters, doc, loss, source }) => [
			[name, grouped(trainableParameters), doc],
			...(loss === null ? [] : [['', '', loss]]),
			['', '', source],
		]),
	)
	session.result(
		{
			model: clip.checkpoint.source,
			defenses: rows,
			testTime,
			presets: presets.map(({ name, version, doc }) => ({ name, version, doc })),
		},
		[
			table,
			'',
			`Parameters at default options on ${clip.checkpoint.source}.`,
			'',
			textTable(
				[
					{ heading: 'at test time' },
					{ heading: 'adapts' },
					{ heading: 'attacked through' },
					{ heading: 'what it does, and from where' },
				],
				testTime.flatMap(({ name, doc, source, adapts, attackedThrough }) => [
					[name, adapts, attackedThrough, doc],
					['', '', '', source],
				]),
			),
			'',
			'These go around any of the defenses above: naptune evaluate RUN --test-time NAME.',
			...(options.presets
				? ['', ...presets.map(({ name, version, doc }) => `${name} (version ${version}): ${doc}`)]
				: []),
		].join('\n'),
	)
}

function describe({ name, doc, source, tuning }: DefenseDefinition, clip: ClipModel) {
	const defense = prepareDefense(name, clip, exampleClasses)
	const settings = tuning ? tuningConfig({ defense: { name } }) : undefined
	return {
		name,
		doc,
		source,
		trainableParameters: trainableParameters(defense),
		parts: Object.fromEntries(parameterGroups(defense).map((group) => [group.name, group.count])),
		loss: settings ? entry(tuningLosses, settings.loss).doc : null,
		options: defense.config,
	}
}

/** `naptune evaluate`: clean and robust accuracy of a tuned run, with vanilla CLIP as the control. */

import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { attackNames, prepareAttack } from '../../attacks/registry.js'
import { threatModel } from '../../attacks/threat-model.js'
import { promptEnsembles } from '../../clip/templates.js'
import type { Dataset } from '../../data/dataset.js'
import { prepareDefense } from '../../defenses/registry.js'
import {
	type ChosenTestTimeDefense,
	chooseTestTimeDefense,
	testTimeDefenses,
} from '../../defenses/test-time/registry.js'
import { NaptuneError } from '../../errors.js'
import { controlDefense } from '../../evaluation/control.js'
import { loadTunedRun, type TunedRun } from '../../evaluation/tuned-run.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { Interruption } from '../exit-codes.js'
import { epsilonText } from '../format.js'
import { chosenImages, loadData } from '../inputs.js'
import { accuracyTable, attackerKnows } from '../measure.js'
import { type MeasuredRow, measureModel } from '../measure-test-time.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	collectSetting,
	epsilonOption,
	type SharedOptions,
	seedOption,
	wholeNumber,
} from '../options.js'
import { type Session, withSession } from '../session.js'

interface EvaluateOptions extends SharedOptions {
	readonly attack?: string
	readonly set: Readonly<Record<string, unknown>>
	readonly epsilon?: number
	readonly data?: string
	readonly split: 'train' | 'validation' | 'test'
	readonly limit?: number
	readonly batchSize: number
	readonly seed: number
	readonly vanilla: boolean
	readonly vanillaTemplates?: string | readonly string[]
	readonly model?: string
	readonly testTime?: string
	readonly testTimeSet: Readonly<Record<string, unknown>>
}

/** Adds the command. */
export function addEvaluateCommand(program: Command): void {
	const names = attackNames().map(({ name }) => name)
	addSharedOptions(
		program
			.command('evaluate')
			.description(
				'Attack a tuned model with full knowledge of it and count what it still gets right; vanilla CLIP under the same attack is the control. A stopped evaluation goes on where it was.',
			)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(new Option('--attack <name>', "attack (default: that of the run's preset, or pgd-100)").choices(names))
			.addOption(attackSettingOption('restarts=5'))
			.addOption(
				new Option(
					'--test-time <name>',
					'measure every model with this around it as well, which changes image or prompts for each image (default: none)',
				).choices([...testTimeDefenses.keys()]),
			)
			.addOption(
				new Option('--test-time-set <key=value>', 'any option of it, such as steps=4; may be repeated')
					.argParser(collectSetting)
					.default({}, 'none'),
			)
			.addOption(
				epsilonOption(
					"L-infinity size of the attack, such as 1/255 (default: that of the run's preset, or of its inner attack)",
				),
			)
			.option('--data <folder-or-name>', "images to attack, with their own classes (default: the run's data)")
			.addOption(
				new Option('--split <name>', 'images to attack').choices(['train', 'validation', 'test']).default('test'),
			)
			.addOption(
				new Option('--limit <count>', 'so many images, balanced over the classes (default: all)').argParser(
					wholeNumber(1),
				),
			)
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attack and of the choice of images', 1))
			.addOption(
				new Option(
					'--vanilla-templates <name-or-texts>',
					`prompts of the control: an ensemble (${Object.keys(promptEnsembles).join(', ')}), or templates with {} separated by | (default: the data set's own)`,
				).argParser(templateList),
			)
			.option('--no-vanilla', 'leave the control out')
			.option('--model <folder-or-id>', 'where the checkpoint lies now (default: where the run found it)'),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune evaluate runs/photos --attack pgd-100 --epsilon 1/255 --limit 200
  $ naptune evaluate runs/photos --test-time ttc --limit 200`,
		)
		.action((run: string, options: EvaluateOptions) =>
			withSession(options, (session) => runEvaluate(run, options, session)),
		)
}

async function runEvaluate(directory: string, options: EvaluateOptions, session: Session): Promise<void> {
	const run = await loadTunedRun(resolve(directory), options.model)
	const attack = prepareAttack(options.attack ?? run.protocol.attack, options.set)
	const threat = threatModel('linf', options.epsilon ?? run.protocol.epsilon)
	const testTime = chosenTestTime(options, run.trainedEpsilon)
	const dataset = await evaluatedData(run, options, session)
	const split = chosenImages(dataset, options)
	session.progress.line(
		`${split.length} ${options.split} images of ${dataset.name}, ${attack.name}, L-infinity epsilon ${epsilonText(threat.epsilon)}, seed ${options.seed}`,
	)
	// What was learned belongs to no class: on other data the same parameters stand beside other names.
	const { name, config } = run.defense
	const defense = options.data ? prepareDefense(name, run.clip, dataset.classNames, config) : run.defense
	const models = [
		...(options.vanilla
			? [{ defense: controlDefense(run.clip, dataset, options.vanillaTemplates), parameters: {} }]
			: []),
		{ defense, parameters: run.parameters },
	]
	const found: MeasuredRow[] = []
	for (const model of models) {
		const input = {
			clip: run.clip,
			dataset,
			splitName: options.split,
			split,
			...model,
			attack,
			threatModel: threat,
			seed: options.seed,
			batchSize: options.batchSize,
			folder: options.data ? join(run.directory, 'transfer', folderOf(dataset)) : join(run.directory, 'evaluations'),
		}
		const measured = await measureModel(session, input, testTime)
		if (!measured) throw new Interruption('Stopped. The outcomes are saved; the same command goes on from there.')
		found.push(...measured)
	}
	session.result(
		{
			run: run.directory,
			attack: attack.name,
			norm: threat.norm,
			epsilon: threat.epsilon,
			split: options.split,
			images: split.length,
			seed: options.seed,
			notices: dataset.notices,
			rows: found.map(({ row, records }) => ({
				defense: row.defense.name,
				...(row.testTime && { testTime: row.testTime.name, attackerKnows: attackerKnows(row) }),
				clean: row.clean,
				robust: row.robust,
				seconds: row.seconds,
				...(records.length === 1 ? { record: records[0] } : { records }),
			})),
		},
		[
			accuracyTable(found.map(({ row }) => row)),
			'',
			`${split.length} images, L-infinity epsilon ${epsilonText(threat.epsilon)}, seed ${options.seed}; per-image outcomes:`,
			...new Set(found.flatMap(({ records }) => records.map((path) => `  ${path}`))),
		].join('\n'),
	)
}

/** A folder name that differs where data sets of one name have other images. */
function folderOf({ name, test }: Dataset): string {
	const ids = Array.from({ length: test.length }, (_, index) => [test.id(index), test.label(index)])
	return `${name}-${sha256OfBytes(JSON.stringify(ids)).slice(0, 8)}`
}

/** The name of an ensemble, or templates. */
function templateList(text: string): string | string[] {
	return text.includes('{}') ? text.split('|').map((template) => template.trim()) : text
}

async function evaluatedData(run: TunedRun, { data, seed }: EvaluateOptions, session: Session): Promise<Dataset> {
	if (data !== undefined) return loadData(session, data, seed)
	const dataset = await run.dataset()
	for (const notice of dataset.notices) session.progress.line(`note: ${notice}`)
	return dataset
}

function chosenTestTime(
	{ testTime, testTimeSet }: EvaluateOptions,
	trainedEpsilon: number,
): ChosenTestTimeDefense | undefined {
	if (testTime === undefined) {
		if (Object.keys(testTimeSet).length === 0) return undefined
		throw new NaptuneError(
			`Options of a test-time defense were given (${Object.keys(testTimeSet).join(', ')}), but none was chosen; add --test-time with one of ${[...testTimeDefenses.keys()].join(', ')}.`,
		)
	}
	const statistics = testTimeDefenses.get(testTime)?.needsTrainingImages ? { statisticsEpsilon: trainedEpsilon } : {}
	return chooseTestTimeDefense(testTime, { ...statistics, ...testTimeSet })
}

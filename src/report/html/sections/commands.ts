/** Builds the commands that repeat what a report shows. */

import { isDeepStrictEqual } from 'node:util'
import { sizeText } from '../../../attacks/sets/size-text.js'
import { defined } from '../../../core/defined.js'
import { NaptuneError } from '../../../core/errors.js'
import { isRecord } from '../../../core/guards.js'
import { shellWord } from '../../../core/shell-word.js'
import type { RunInspection } from '../../../evaluation/deployed/inspect-run.js'
import type { EvaluationRecord } from '../../../evaluation/robustness/recorded-evaluation.js'
import { loadWrittenExperiment } from '../../../experiments/definition.js'
import type { ExperimentResult } from '../../../experiments/experiment-result.js'
import { bothProtocols, noProtocol, withProtocols } from '../../../experiments/protocols.js'
import { isOrigin, originName } from '../../../records/parts/data-origin.js'
import { madeImages } from './attack-settings.js'
import { changedOptions } from './changed-options.js'
import { flatSettings } from './setting-text.js'

/**
 * The command that repeats an experiment with its packaged definition; undefined if the definition was changed.
 */
export async function experimentCommand({ name, quick, definition }: ExperimentResult): Promise<string | undefined> {
	try {
		const written = await loadWrittenExperiment(name, { quick })
		const choices = [undefined, bothProtocols, noProtocol, ...(written.protocols ?? []).map((one) => one.name)]
		for (const protocol of choices) {
			if (protocol !== undefined && !written.protocols) continue
			const own = withProtocols(written, protocol === undefined ? [] : [protocol])
			const same = isDeepStrictEqual(deciding(JSON.parse(JSON.stringify(own))), deciding(definition))
			if (!same) continue
			const words = definition.folders === 'by-method' ? ['compare', '--preset', name] : ['reproduce', name]
			const chosen = protocol === undefined ? [] : ['--protocol', protocol]
			return ['naptune', ...words, ...(quick ? ['--quick'] : []), ...chosen].join(' ')
		}
		return undefined
	} catch (error) {
		// A user's own experiment.
		if (error instanceof NaptuneError) return undefined
		throw error
	}
}

/** A definition without its texts, which other versions may word differently. */
function deciding({ title: _, doc: __, ...rest }: Readonly<Record<string, unknown>>): Record<string, unknown> {
	return rest
}

/** The command that repeats a tuning run; undefined if the run does not record its preset. */
export function tuneCommand(run: RunInspection): string | undefined {
	const { preset, model, data, config, directory } = run
	if (!preset || isOrigin(data.origin, 'own')) return undefined
	const place = originName(data.origin)
	const words = [
		...['naptune', 'tune', '--model', model.source, '--data', place, '--preset', preset.name],
		...['--defense', run.defense.name, '--seed', String(config.seed)],
		...preset.overrides.flatMap((layer) => settingWords(withoutOwnOptions(layer))),
		...['--output', `${directory}-again`],
	]
	return words.map(shellWord).join(' ')
}

/** Settings without those that have their own option. */
function withoutOwnOptions({ seed: _, defense, ...rest }: Readonly<Record<string, unknown>>): Record<string, unknown> {
	if (!isRecord(defense)) return rest
	const { name: __, ...options } = defense
	return { ...rest, ...defined({ defense: options && Object.keys(options).length > 0 ? options : undefined }) }
}

/**
 * The commands that repeat the evaluations in records, each once; none for attacks unknown to this program.
 * @param run Run directory.
 */
export function evaluateCommands(run: string, records: readonly EvaluationRecord[]): string[] {
	return [...new Set(records.flatMap((record) => evaluateCommand(run, record) ?? []))]
}

function evaluateCommand(run: string, record: EvaluationRecord): string | undefined {
	const { attack, threatModel, dataset, images, seed, target, testTime, knowledge } = record
	const made = madeImages(attack)
	if (made) {
		const words = ['naptune', 'evaluate', run, '--images', 'STORE', '--split', dataset.split, '--limit', String(images)]
		const which = made.manifest === undefined ? '' : `, whose manifest has the SHA-256 ${made.manifest}`
		// The record does not hold the path of the store.
		return `${words.map(shellWord).join(' ')} # images that naptune generate made on ${made.models.join(', ').replaceAll(/\s+/g, ' ')}${which}`
	}
	const changed = changedOptions(attack)
	if (!changed) return undefined
	const words = [
		...['naptune', 'evaluate', run, '--attack', attack.name, ...settingWords(changed)],
		...(threatModel.norm === 'linf' ? [] : ['--norm', threatModel.norm]),
		...[
			'--epsilon',
			sizeText(threatModel),
			'--split',
			dataset.split,
			'--limit',
			String(images),
			'--seed',
			String(seed),
		],
		...(target === undefined ? [] : ['--target', dataset.classNames[target] ?? String(target)]),
		...(knowledge === 'full' || knowledge === 'query' ? [] : ['--knowledge', knowledge]),
		...(testTime ? ['--test-time', testTime.name] : []),
	]
	return words.map(shellWord).join(' ')
}

function settingWords(settings: Readonly<Record<string, unknown>>): string[] {
	return flatSettings(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`])
}

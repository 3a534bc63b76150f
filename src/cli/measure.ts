/** An evaluation with progress, and its results as a table. */

import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { prepareAttack } from '../attacks/registry.js'
import type { EvaluationRecord, RecordedEvaluationInput } from '../evaluation/recorded-evaluation.js'
import { recordedEvaluation } from '../evaluation/recorded-evaluation.js'
import { sha256OfBytes } from '../files/sha256.js'
import { duration, epsilonText, percent, percentInterval } from './format.js'
import type { Session } from './session.js'
import { textTable } from './table.js'

/** What is measured; the session gives the rest. */
export type MeasureInput = Omit<RecordedEvaluationInput, 'engine' | 'path' | 'onProgress' | 'signal'> & {
	/** Folder of records. */
	readonly folder: string
}

/**
 * Evaluates, shows progress, and writes the record.
 * @returns The record and its path, or undefined when stopped.
 */
export async function measure(
	session: Session,
	{ folder, ...input }: MeasureInput,
): Promise<{ readonly record: EvaluationRecord; readonly path: string } | undefined> {
	const path = join(folder, recordName(input))
	session.writesTo(folder)
	const { name } = input.defense
	const task = session.progress.start(`attacking ${name}`, input.split.length, 'images')
	const { steps, restarts } = input.attack.options
	const gradientsPerImage = typeof steps === 'number' && typeof restarts === 'number' ? steps * restarts : undefined
	let finished = 0
	let gradients = 0
	const record = await recordedEvaluation({
		...input,
		engine: await session.engine(),
		path,
		signal: session.signal,
		onProgress: ({ done, total, attacked, robust }) => {
			finished = input.split.length - total + done
			gradients = 0
			// The first to be done are those that are wrong when clean: a share of them says nothing yet.
			task.update(finished, attacked > 0 ? `${percent(robust / done).trim()} robust` : '')
		},
		onGradient: (images) => {
			gradients += images
			// A batch can take long: its part that is done counts as so many images.
			if (gradientsPerImage)
				task.update(Math.min(Math.floor(finished + gradients / gradientsPerImage), input.split.length))
		},
	}).finally(() => task.end())
	return record && { record, path }
}

/** A file name that differs where the numbers may. */
export function recordName({
	defense,
	attack,
	threatModel,
	splitName,
	split,
	seed,
}: Pick<MeasureInput, 'defense' | 'attack' | 'threatModel' | 'splitName' | 'split' | 'seed'>): string {
	const epsilon = epsilonText(threatModel.epsilon).replace('/', '-')
	const usual = isDeepStrictEqual(attack.options, prepareAttack(attack.name).options)
	const options = usual ? '' : `-${sha256OfBytes(JSON.stringify(attack.options)).slice(0, 8)}`
	return `${defense.name}-${attack.name}${options}-${threatModel.norm}-${epsilon}-${splitName}-${split.length}-seed${seed}.json`
}

/** Clean and robust accuracies with 95 % intervals, one row per record. */
export function accuracyTable(records: readonly EvaluationRecord[]): string {
	const attacks = new Set(records.map(({ attack }) => attack.name))
	const columns = [
		{ heading: 'defense' },
		{ heading: 'clean accuracy [95 %]', align: 'right' },
		{ heading: `accuracy under ${[...attacks].join(', ')} [95 %]`, align: 'right' },
		{ heading: 'time', align: 'right' },
	] as const
	const rows = records.map(({ defense, clean, robust, seconds }) => [
		defense.name,
		`${percent(clean.accuracy)} ${percentInterval(clean.interval)}`,
		`${percent(robust.accuracy)} ${percentInterval(robust.interval)}`,
		duration(seconds),
	])
	return textTable(columns, rows)
}

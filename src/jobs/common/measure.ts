/** Runs an evaluation with progress, and writes its record into a folder of records. */

import { join } from 'node:path'
import { defined } from '../../core/defined.js'
import { blindNotices } from '../../evaluation/robustness/blind-notice.js'
import { modelName, recordName, storeName } from '../../evaluation/robustness/record-name.js'
import {
	type EvaluationRecord,
	type RecordedEvaluationInput,
	recordedEvaluation,
} from '../../evaluation/robustness/recorded-evaluation.js'
import type { JobContext } from '../job.js'
import { followAttack } from './follow-attack.js'

/** What to measure; the context supplies the rest. */
export type MeasureInput = Omit<
	RecordedEvaluationInput,
	'engine' | 'path' | 'onProgress' | 'signal' | 'keepImagesIn'
> & {
	/** Folder of records. */
	readonly folder: string
	/** Folder that holds one store of adversarial images per evaluation. */
	readonly storesIn?: string | undefined
}

/** A finished evaluation. */
export interface Measured {
	readonly record: EvaluationRecord
	readonly path: string
	/** Folder of its adversarial images, if they are kept. */
	readonly store?: string
}

/**
 * Evaluates, reports progress, and writes the record.
 * @returns Undefined when stopped.
 */
export async function measure(
	context: Pick<JobContext, 'engine' | 'onFolder' | 'onNote' | 'onProgress' | 'signal'>,
	{ folder, storesIn, ...input }: MeasureInput,
): Promise<Measured | undefined> {
	const path = join(folder, recordName(input))
	const store = storesIn === undefined ? undefined : join(storesIn, storeName(input))
	context.onFolder(folder)
	if (store !== undefined) context.onFolder(store)
	const classes = input.defense.classNames.length
	const follow = followAttack(
		context,
		`attacking ${modelName(input)}`,
		input.split.length,
		input.attack.rounds(classes).length > 1,
	)
	const record = await recordedEvaluation({
		...input,
		engine: await context.engine(),
		path,
		...defined({ keepImagesIn: store }),
		signal: context.signal,
		onProgress: follow.tell,
	}).finally(follow.end)
	if (!record) return undefined
	for (const text of blindNotices(record.outcomes))
		context.onNote({ kind: 'warning', text: `${modelName(input)}: ${text}` })
	return { record, path, ...defined({ store }) }
}

/** An evaluation with progress, and its results as a table. */

import { join } from 'node:path'
import { defined } from '../core/defined.js'
import type { Knowledge } from '../evaluation/deployed/knowledge.js'
import { modelName, recordName, storeName } from '../evaluation/robustness/record-name.js'
import type { EvaluationRecord, RecordedEvaluationInput } from '../evaluation/robustness/recorded-evaluation.js'
import { recordedEvaluation } from '../evaluation/robustness/recorded-evaluation.js'
import { madeBefore } from '../records/adversarial-images.js'
import { followAttack } from './follow-attack.js'
import { duration, percent, percentInterval } from './format.js'
import type { Session } from './session.js'
import { textTable } from './table.js'

/** What is measured; the session gives the rest. */
export type MeasureInput = Omit<
	RecordedEvaluationInput,
	'engine' | 'path' | 'onProgress' | 'signal' | 'keepImagesIn'
> & {
	/** Folder of records. */
	readonly folder: string
	/** Folder in which every evaluation has a store of its adversarial images. */
	readonly storesIn?: string | undefined
}

/** A finished evaluation. */
export interface Measured {
	readonly record: EvaluationRecord
	readonly path: string
	/** Folder of its adversarial images, where they are kept. */
	readonly store?: string
}

/**
 * Evaluates, shows progress, and writes the record.
 * @returns Undefined when stopped.
 */
export async function measure(
	session: Session,
	{ folder, storesIn, ...input }: MeasureInput,
): Promise<Measured | undefined> {
	const path = join(folder, recordName(input))
	const store = storesIn === undefined ? undefined : join(storesIn, storeName(input))
	session.writesTo(folder)
	if (store !== undefined) session.writesTo(store)
	const classes = input.defense.classNames.length
	const follow = followAttack(
		session,
		`attacking ${modelName(input)}`,
		input.split.length,
		input.attack.rounds(classes).length > 1,
	)
	const record = await recordedEvaluation({
		...input,
		engine: await session.engine(),
		path,
		...defined({ keepImagesIn: store }),
		signal: session.signal,
		onProgress: follow.tell,
	}).finally(follow.end)
	return record && { record, path, ...defined({ store }) }
}

/** A row of the table: a record, or the worst of several for each image. */
export type AccuracyRow = Pick<
	EvaluationRecord,
	'defense' | 'testTime' | 'knownModel' | 'attack' | 'clean' | 'robust' | 'stages' | 'reached' | 'passes' | 'seconds'
> & { readonly knowledge: Knowledge | 'either' }

/** What tells an attacker's knowledge. */
type KnowledgeRow = Pick<AccuracyRow, 'knowledge' | 'testTime' | 'knownModel' | 'attack'>

/** What the attacker of a row knows. */
export function attackerKnows({ knowledge, testTime, knownModel, attack }: KnowledgeRow): string {
	if (knowledge === 'either') return 'the worse for each image'
	if (knowledge === 'encoder-only') return 'the image encoder'
	if (knowledge === 'prompt-aware') return 'prompts, not refiners'
	if (knowledge === 'query') return 'answers to queries'
	if (knowledge === 'transfer') {
		if (knownModel) return `${knownModel.name} CLIP instead`
		// Stored images were made on whatever their manifest says.
		return testTime && !madeBefore(attack) ? `all but ${testTime.name}` : 'other models'
	}
	if (!testTime) return 'everything'
	return testTime.attackedThrough === 'unrolled'
		? 'everything, through the update'
		: `everything, ${testTime.name} taken as identity`
}

/**
 * Clean and robust accuracies with 95 % intervals, one row per record. What the attacker knows, and the attack, are said
 * for each row where rows differ in them.
 */
export function accuracyTable(records: readonly AccuracyRow[]): string {
	const attacks = new Set(records.map(({ attack }) => attack.name))
	const knows = records.some(({ testTime }) => testTime) || new Set(records.map(({ knowledge }) => knowledge)).size > 1
	const several = attacks.size > 1
	const columns = [
		{ heading: 'defense' },
		...(knows ? [{ heading: 'attacker knows' }] : []),
		...(several ? [{ heading: 'attack' }] : []),
		{ heading: 'clean accuracy [95 %]', align: 'right' },
		{ heading: `accuracy under ${several ? 'attack' : [...attacks].join()} [95 %]`, align: 'right' },
		{ heading: 'time', align: 'right' },
	] as const
	const rows = records.map((record) => [
		modelName(record),
		...(knows ? [attackerKnows(record)] : []),
		...(several ? [record.attack.name] : []),
		`${percent(record.clean.accuracy)} ${percentInterval(record.clean.interval)}`,
		`${percent(record.robust.accuracy)} ${percentInterval(record.robust.interval)}`,
		duration(record.seconds),
	])
	return textTable(columns, rows)
}

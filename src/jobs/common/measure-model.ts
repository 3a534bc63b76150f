/** Measures a model with and without a test-time defense, at every level of attacker knowledge. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { ChosenTestTimeDefense } from '../../defenses/test-time/registry.js'
import { type Knowledge, usualKnowledge } from '../../evaluation/deployed/knowledge.js'
import type { EvaluationRecord } from '../../evaluation/robustness/recorded-evaluation.js'
import { worstCase } from '../../evaluation/robustness/worst-case.js'
import { madeBefore } from '../../records/adversarial-images.js'
import type { JobContext } from '../job.js'
import { type MeasureInput, measure } from './measure.js'

/** Accuracies from one record, or from the worst of several for each image. */
export type AccuracyRow = Pick<
	EvaluationRecord,
	'defense' | 'testTime' | 'knownModel' | 'attack' | 'clean' | 'robust' | 'stages' | 'reached' | 'passes' | 'seconds'
> & { readonly knowledge: Knowledge | 'either' }

/** A row of the result with its records. */
export interface MeasuredRow {
	readonly row: AccuracyRow
	readonly records: readonly string[]
	/** Folder of its adversarial images, if they are kept. */
	readonly store?: string | undefined
}

/** The fields of a row that determine the attacker's knowledge. */
type KnowledgeRow = Pick<AccuracyRow, 'knowledge' | 'testTime' | 'knownModel' | 'attack'>

/** What the attacker of a row knows, in words. */
export function attackerKnows({ knowledge, testTime, knownModel, attack }: KnowledgeRow): string {
	if (knowledge === 'either') return 'the worse for each image'
	if (knowledge === 'encoder-only') return 'the image encoder'
	if (knowledge === 'prompt-aware') return 'the prompts only'
	if (knowledge === 'query') return 'answers to queries'
	if (knowledge === 'transfer') {
		if (knownModel) return `${knownModel.name} CLIP instead`
		// The manifest of stored images says what they were made on.
		return testTime && !madeBefore(attack) ? `all but ${testTime.name}` : 'other models'
	}
	if (!testTime) return 'everything'
	return testTime.attackedThrough === 'unrolled'
		? 'everything, through the update'
		: `everything, ${testTime.name} taken as identity`
}

/**
 * Measures a model as it is. A test-time defense that suits the model adds three rows: the attacker knows everything;
 * everything but the test-time defense; and the worse of the two for each image. An attack that takes no gradient of the
 * model (by queries, or with stored images) adds only one row.
 * @returns Undefined when stopped.
 */
export async function measureModel(
	context: Pick<JobContext, 'engine' | 'onFolder' | 'onNote' | 'onProgress' | 'signal'>,
	input: MeasureInput,
	testTime: ChosenTestTimeDefense | undefined,
): Promise<MeasuredRow[] | undefined> {
	const note = (text: string) => context.onNote({ kind: 'note', text })
	const plain = await measure(context, input)
	if (!plain) return undefined
	const rows: MeasuredRow[] = [{ row: plain.record, records: [plain.path], store: plain.store }]
	if (!testTime) return rows
	const problem = testTime.unsuited(input.defense)
	if (problem) {
		note(problem)
		return rows
	}
	if (testTime.options.randomised === true && !averages(input.attack)) {
		note(
			`${testTime.name} draws random numbers that the attacker does not know, and ${input.attack.name} takes one gradient where it should average over draws, so robustness is overstated. Attack with autoattack-rand, or add --set eotSamples=20.`,
		)
	}
	// The attacker may know another model than the one behind the test-time defense.
	const { known: _, ...defendedInput } = input
	const defended = (knowledge: Knowledge) => measure(context, { ...defendedInput, testTime, knowledge })
	const usual = usualKnowledge(input.attack)
	if (usual !== 'full') {
		const only = await defended(usual)
		return only && [...rows, { row: only.record, records: [only.path], store: only.store }]
	}
	const full = await defended('full')
	const transfer = full && (await defended('transfer'))
	if (!transfer) return undefined
	// Stages and targets belong to one attack, not to the worse of two.
	const { stages: __, reached: ___, passes: ____, ...either } = full.record
	const worst: EvaluationRecord = { ...either, ...worstCase([full.record, transfer.record]) }
	rows.push(
		{ row: full.record, records: [full.path], store: full.store },
		{ row: transfer.record, records: [transfer.path], store: transfer.store },
		{
			row: { ...worst, knowledge: 'either', seconds: full.record.seconds + transfer.record.seconds },
			records: [full.path, transfer.path],
		},
	)
	return rows
}

/** Whether gradients are averaged over draws of a randomised model. */
function averages({ reads }: PreparedAttack): boolean {
	return reads.model !== 'gradient' || reads.draws > 1
}

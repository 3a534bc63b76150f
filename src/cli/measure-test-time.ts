/** A model with and without a test-time defense, under every knowledge that an attacker may have. */

import type { PreparedAttack } from '../attacks/attack-definition.js'
import type { ChosenTestTimeDefense } from '../defenses/test-time/registry.js'
import { type Knowledge, usualKnowledge } from '../evaluation/deployed/knowledge.js'
import type { EvaluationRecord } from '../evaluation/robustness/recorded-evaluation.js'
import { worstCase } from '../evaluation/robustness/worst-case.js'
import { type AccuracyRow, type MeasureInput, measure } from './measure.js'
import type { Session } from './session.js'

/** A row of the result with the records that it comes from. */
export interface MeasuredRow {
	readonly row: AccuracyRow
	readonly records: readonly string[]
	/** Folder of its adversarial images, where they are kept. */
	readonly store?: string | undefined
}

/**
 * Measures a model as it is and, with a test-time defense that suits it, three rows more: the attacker knows everything,
 * knows everything but the test-time defense, and, from those, the worse of the two for each image. Of an attack that takes
 * no gradient of the model (by queries, or with stored images), one row more.
 * @returns Undefined when stopped.
 */
export async function measureModel(
	session: Session,
	input: MeasureInput,
	testTime: ChosenTestTimeDefense | undefined,
): Promise<MeasuredRow[] | undefined> {
	const plain = await measure(session, input)
	if (!plain) return undefined
	const rows: MeasuredRow[] = [{ row: plain.record, records: [plain.path], store: plain.store }]
	if (!testTime) return rows
	const problem = testTime.unsuited(input.defense)
	if (problem) {
		session.progress.line(`note: ${problem}`)
		return rows
	}
	if (testTime.options.randomised === true && !averages(input.attack)) {
		session.progress.line(
			`note: ${testTime.name} draws random numbers that the attacker does not know, and ${input.attack.name} takes one gradient where it should average over draws; robustness is overstated. Attack with autoattack-rand, or add --set eotSamples=20.`,
		)
	}
	const defended = (knowledge: Knowledge) => measure(session, { ...input, testTime, knowledge })
	const usual = usualKnowledge(input.attack)
	if (usual !== 'full') {
		const only = await defended(usual)
		return only && [...rows, { row: only.record, records: [only.path], store: only.store }]
	}
	const full = await defended('full')
	const transfer = full && (await defended('transfer'))
	if (!transfer) return undefined
	// Stages and targets are of one attack each, and not of the worse of two.
	const { stages: _, reached: __, passes: ___, ...either } = full.record
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

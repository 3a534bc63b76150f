/** Plans the rows of an evaluation: every model at every level of attacker knowledge that suits it. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import { prepareAttack } from '../../attacks/registry.js'
import { NaptuneError } from '../../core/errors.js'
import type { Dataset } from '../../data/dataset.js'
import { type FoundKnown, type Knowledge, knownModel } from '../../evaluation/deployed/knowledge.js'
import type { TunedRun } from '../../evaluation/deployed/tuned-run.js'
import type { JobContext } from '../job.js'

/** A model, one level of attacker knowledge, and the attack for it. */
export interface PlannedRow {
	readonly model: Pick<TunedRun, 'defense' | 'parameters'>
	readonly knowledge: Knowledge
	readonly known: FoundKnown
	readonly how: PreparedAttack
}

/**
 * Plans rows level by level; skips, with a note, a level that a model lacks, such as knowledge of a part it does not have.
 */
export function plannedRows(
	models: readonly PlannedRow['model'][],
	levels: readonly Knowledge[],
	attack: PreparedAttack,
	{ clip }: Pick<TunedRun, 'clip'>,
	dataset: Dataset,
	{ onNote }: Pick<JobContext, 'onNote'>,
): PlannedRow[] {
	const rows = levels.flatMap((knowledge) => {
		const how = attackFor(knowledge, attack)
		return models.flatMap((model): PlannedRow[] => {
			try {
				const known = knownModel({ model: { clip, ...model }, dataset, attack: how, knowledge })
				return [{ model, knowledge, known: { model: known }, how }]
			} catch (error) {
				// With a single level, the reason for the tuned model is the answer.
				if (!(error instanceof NaptuneError) || (levels.length === 1 && model === models.at(-1))) throw error
				if (model === models.at(-1)) onNote({ kind: 'note', text: `skipping ${knowledge}: ${error.message}` })
				return []
			}
		})
	})
	if (rows.length > 0) return rows
	throw new NaptuneError(
		'NAP_ATTACK_UNSUITABLE',
		`None of the levels of knowledge ${levels.join(', ')} suits attack ${attack.name} on this run.`,
	)
}

/** The chosen attack, or one for which this knowledge suffices. */
function attackFor(knowledge: Knowledge, attack: PreparedAttack): PreparedAttack {
	if (knowledge === 'query' && attack.reads.model !== 'query') return prepareAttack('square')
	if (knowledge === 'encoder-only' && attack.reads.labels) return prepareAttack('feature-pgd')
	return attack
}

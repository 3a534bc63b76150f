/** Whether a tuning run learned anything, by what it left behind: its log and how far its parameters moved. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { at, last } from '../core/at.js'
import { defined } from '../core/defined.js'
import { runFiles } from '../methods/tuning/run-directory.js'
import { readRunLog } from '../methods/tuning/run-log.js'
import type { Learning } from '../records/experiment.js'
import { readRecord } from '../records/record-kind.js'
import { epochForm, runResultForm } from '../records/run.js'

/** Share of its first epoch's loss by which a loss must fall at least. */
export const leastFall = 0.1

/** Multiple of their length at the start by which parameters must move at least. */
export const leastMove = 0.01

/**
 * What moved in a finished run. It counts as trained where a loss fell by {@link leastFall} from the first epoch to the last, and
 * the parameters, if that is known, moved by {@link leastMove}. A run from a bank of features has one loss, that of the bank.
 * @param directory Of the run.
 * @returns Undefined where there is no finished run, or its log has no line.
 * @throws NaptuneError for a damaged log or record.
 */
export async function learningOf(directory: string): Promise<Learning | undefined> {
	const result = join(directory, runFiles.result)
	if (!existsSync(result)) return undefined
	const { records } = await readRunLog(directory)
	const epochs = records.map((record) => epochForm.schema.parse(record))
	if (epochs.length === 0) return undefined
	const { moved } = await readRecord(runResultForm, result)
	const [first, final] = [at(epochs, 0), last(epochs)]
	const attacked =
		first.adversarialLoss === null || final.adversarialLoss === null
			? undefined
			: ([first.adversarialLoss, final.adversarialLoss] as const)
	return learningFrom([first.cleanLoss, final.cleanLoss], attacked, moved)
}

/** A loss in the first epoch and in the last. */
type Losses = readonly [number, number]

/** As {@link learningOf} says, of the numbers themselves. */
export function learningFrom(clean: Losses, attacked: Losses | undefined, moved: number | undefined): Learning {
	const fall = Math.max(...[clean, ...(attacked ? [attacked] : [])].map(([first, final]) => fallOf(first, final)))
	return {
		cleanLoss: [clean[0], clean[1]],
		...defined({ adversarialLoss: attacked && ([attacked[0], attacked[1]] as [number, number]), moved }),
		trained: fall >= leastFall && (moved === undefined || moved >= leastMove),
	}
}

/** As a share of the first. */
function fallOf(first: number, final: number): number {
	return first > 0 ? (first - final) / first : 0
}

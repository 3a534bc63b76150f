/** Judges whether a tuning run learned anything, from its log and the movement of its parameters. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { at, last } from '../core/at.js'
import { defined } from '../core/defined.js'
import { runFiles } from '../methods/tuning/run-directory.js'
import { readRunLog } from '../methods/tuning/run-log.js'
import type { Learning } from '../records/experiment.js'
import { readRecord } from '../records/record-kind.js'
import { epochForm, runResultForm } from '../records/run.js'

/** A loss must fall by at least this share of its value in the first epoch. */
export const leastFall = 0.1

/** Parameters must move by at least this multiple of their initial length. */
export const leastMove = 0.01

/**
 * What moved in a finished run. It counts as trained if a loss fell by {@link leastFall} from the first epoch to the last,
 * and the parameters, if their movement is known, moved by {@link leastMove}. A run from a bank of features has one loss,
 * that of the bank.
 * @param directory Directory of the run.
 * @returns Undefined if there is no finished run, or its log is empty.
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

/** Like {@link learningOf}, from the numbers themselves. */
export function learningFrom(clean: Losses, attacked: Losses | undefined, moved: number | undefined): Learning {
	const fall = Math.max(...[clean, ...(attacked ? [attacked] : [])].map(([first, final]) => fallOf(first, final)))
	return {
		cleanLoss: [clean[0], clean[1]],
		...defined({ adversarialLoss: attacked && ([attacked[0], attacked[1]] as [number, number]), moved }),
		trained: fall >= leastFall && (moved === undefined || moved >= leastMove),
	}
}

/** Relative to the first. */
function fallOf(first: number, final: number): number {
	return first > 0 ? (first - final) / first : 0
}

/** Summarises evaluations in the sentences that open a report. */

import { basename, relative, sep } from 'node:path'
import type { TunedRun } from '../../evaluation/deployed/tuned-run.js'
import { readEvaluationRecord } from '../../evaluation/robustness/record.js'
import { resultOfRecords } from '../../report/html/records-result.js'
import { verdictOf, worseThanVanillaSentences } from '../../report/html/sections/verdict.js'

/**
 * If the model is worse than vanilla CLIP, the first sentence says so with the paired test; then follows what it keeps under
 * the strongest attack.
 * @param paths Files of evaluation records of one run, at least one.
 */
export async function verdictOfRecords(
	paths: readonly string[],
	{ directory, defense, trainedEpsilon }: Pick<TunedRun, 'directory' | 'defense' | 'trainedEpsilon'>,
): Promise<string[]> {
	const records = await Promise.all(
		[...new Set(paths)].map(async (path) => ({
			path: relative(directory, path).split(sep).join('/'),
			record: await readEvaluationRecord(path),
		})),
	)
	const { seed } = records[0]?.record ?? { seed: 0 }
	const run = { seed, seconds: 0, epsilon: trainedEpsilon }
	const result = resultOfRecords(records, { name: basename(directory), title: defense.name, run })
	const recordAt = async (path: string) => records.find((one) => one.path === path)?.record
	return [...(await worseThanVanillaSentences(result, recordAt)), ...verdictOf(result)]
}

/** The closing record of a tuning run. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../files/atomic-write.js'
import { sha256OfFile } from '../files/sha256.js'
import { runFiles } from './run-directory.js'
import type { TuningState } from './run-state.js'
import { saveTensors } from './tensor-set.js'

/** Content of a run's `result.json`. */
export interface RunResult {
	readonly format: 1
	readonly optimizerSteps: number
	/** Wall-clock time of all parts of the run, without what was lost when it was killed. */
	readonly seconds: number
	/** The largest resident memory of the process that was seen with all programs of the run compiled. */
	readonly residentBytes: number
	/** Latest epochs in a row at chance; above 0 the parameters are worth nothing. */
	readonly epochsAtChance: number
	/** SHA-256 of the file of final parameters. */
	readonly parametersSha256: string
}

/** Writes the final parameters and, last of all, the record. */
export async function finishRun(directory: string, defenseName: string, state: TuningState): Promise<RunResult> {
	const path = join(directory, runFiles.parameters)
	await saveTensors(path, state.parameters, { defense: defenseName })
	const result: RunResult = {
		format: 1,
		optimizerSteps: state.optimizer.step,
		...state.usage,
		epochsAtChance: state.history.epochsAtChance,
		parametersSha256: await sha256OfFile(path),
	}
	await writeFileAtomic(join(directory, runFiles.result), `${JSON.stringify(result, null, '\t')}\n`)
	await rm(join(directory, runFiles.lastGood), { force: true })
	return result
}

/** The closing record of a tuning run. */

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { readJsonFile } from '../../files/json-file.js'
import { sha256OfFile } from '../../files/sha256.js'
import type { TensorSet } from '../../training/adamw.js'
import { loadTensors, saveTensors } from '../../training/tensor-set.js'
import { differences } from './run-description.js'
import { runFiles } from './run-directory.js'
import type { TuningState } from './run-state.js'

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

/**
 * What a finished run under the same description says of itself; its parameters need not be there any more. Engine and
 * version decided its bytes when it was made, and need not be those of today to read it.
 * @param description As {@link describeRun} gives it now.
 * @returns Nothing where there is none.
 */
export async function finishedResult(
	directory: string,
	description: Readonly<Record<string, unknown>>,
): Promise<RunResult | undefined> {
	const [described, recorded] = [join(directory, runFiles.description), join(directory, runFiles.result)]
	if (!existsSync(described) || !existsSync(recorded)) return undefined
	const now = JSON.parse(JSON.stringify(description)) as unknown
	const changed = differences(await readJsonFile(described), now)
	if (changed.some((difference) => !/^(engine|naptune)\b/.test(difference))) return undefined
	return (await readJsonFile(recorded)) as RunResult
}

/**
 * A finished run as {@link finishedResult} finds it, with its parameters.
 * @returns Nothing where there is none, or its parameters are not there.
 * @throws NaptuneError when the parameters are not those that the record names.
 */
export async function loadFinishedRun(
	directory: string,
	description: Readonly<Record<string, unknown>>,
): Promise<{ readonly parameters: TensorSet; readonly result: RunResult } | undefined> {
	const path = join(directory, runFiles.parameters)
	const result = existsSync(path) ? await finishedResult(directory, description) : undefined
	if (!result) return undefined
	if ((await sha256OfFile(path)) !== result.parametersSha256) {
		throw new NaptuneError(
			`${path} is not the file that ${join(directory, runFiles.result)} names: their fingerprints differ. Restore it, or tune again in another --output folder.`,
		)
	}
	return { parameters: await loadTensors(path), result }
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

/** The closing record of a tuning run. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { differences } from '../../files/differences.js'
import { readJsonFile } from '../../files/json-file.js'
import { sha256OfFile } from '../../files/sha256.js'
import { loadTensors, saveTensors, type TensorSet } from '../../training/tensor-set.js'
import { runFiles } from './run-directory.js'
import type { TuningState } from './run-state.js'

/** Content of a run's `result.json`. */
export interface RunResult {
	readonly format: 1
	readonly optimizerSteps: number
	/** Wall-clock time of all processes that had a part in the run. */
	readonly seconds: number
	/** The largest resident memory of the process that was seen with all programs of the run compiled. */
	readonly residentBytes: number
	/** Latest epochs in a row at chance; above 0 the parameters are worth nothing. */
	readonly epochsAtChance: number
	/** SHA-256 of the file of final parameters. */
	readonly parametersSha256: string
}

/**
 * A finished run under the same description. Engine and version decided its bytes when it was made, and need not be those
 * of today to read it.
 * @param description As {@link describeRun} gives it now.
 * @returns Nothing where there is none.
 * @throws NaptuneError when the parameters are not those that the record names.
 */
export async function loadFinishedRun(
	directory: string,
	description: Readonly<Record<string, unknown>>,
): Promise<{ readonly parameters: TensorSet; readonly result: RunResult } | undefined> {
	const files = [runFiles.description, runFiles.result, runFiles.parameters].map((file) => join(directory, file))
	if (!files.every((file) => existsSync(file))) return undefined
	const now = JSON.parse(JSON.stringify(description)) as unknown
	const changed = differences(await readJsonFile(join(directory, runFiles.description)), now)
	if (changed.some((difference) => !/^(engine|naptune)\b/.test(difference))) return undefined
	const result = (await readJsonFile(join(directory, runFiles.result))) as RunResult
	return { parameters: await finalParameters(directory, result), result }
}

/**
 * The parameters that a run ended with.
 * @param result What its record says of them.
 * @throws NaptuneError when they are not those that the record names.
 */
export async function finalParameters(
	directory: string,
	{ parametersSha256 }: Pick<RunResult, 'parametersSha256'>,
): Promise<TensorSet> {
	const path = join(directory, runFiles.parameters)
	if ((await sha256OfFile(path)) !== parametersSha256) {
		throw new NaptuneError(
			`${path} is not the file that ${join(directory, runFiles.result)} names: their fingerprints differ, so that one of them is damaged. Restore it, or tune again in another --output folder.`,
		)
	}
	return loadTensors(path)
}

/** Writes the final parameters and, last of all, the record. */
export async function finishRun(directory: string, defenseName: string, state: TuningState): Promise<RunResult> {
	const path = join(directory, runFiles.parameters)
	await saveTensors(path, state.parameters, { defense: defenseName })
	const result: RunResult = {
		format: 1,
		optimizerSteps: state.optimizer.step,
		...state.usage,
		epochsAtChance: state.own.history.epochsAtChance,
		parametersSha256: await sha256OfFile(path),
	}
	await writeFileAtomic(join(directory, runFiles.result), `${JSON.stringify(result, null, '\t')}\n`)
	return result
}

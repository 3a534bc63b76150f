/** The closing record of a tuning run. */

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import { readJsonFile } from '../../files/json-file.js'
import { sha256OfFile } from '../../files/sha256.js'
import { runFiles } from '../../records/names.js'
import { readRecord, writeRecord } from '../../records/record-kind.js'
import { type RunDescription, type RunResult, runDescriptionForm, runResultForm } from '../../records/run.js'
import { sameSettings, settingsIn } from '../../records/settings.js'
import type { TensorSet } from '../../training/adamw.js'
import { loadTensors, saveTensors } from '../../training/tensor-set.js'
import type { TuningState } from './run-state.js'

export type { RunResult } from '../../records/run.js'

/** A description without what ran it. */
const whatIsTuned = runDescriptionForm.schema.omit({ naptune: true, engine: true })

/**
 * What a finished run under the same description says of itself; its parameters need not be there any more. Engine and
 * version decided its bytes when it was made, and need not be those of today to read it.
 * @param description As {@link describeRun} gives it now.
 * @returns Nothing where there is none.
 */
export async function finishedResult(directory: string, description: RunDescription): Promise<RunResult | undefined> {
	const [described, recorded] = [join(directory, runFiles.description), join(directory, runFiles.result)]
	if (!existsSync(described) || !existsSync(recorded)) return undefined
	const before = await readJsonFile(described)
	if (!isRecord(before)) return undefined
	const same = sameSettings(whatIsTuned, settingsIn(whatIsTuned, before), settingsIn(whatIsTuned, description))
	return same ? readRecord(runResultForm, recorded) : undefined
}

/**
 * A finished run as {@link finishedResult} finds it, with its parameters.
 * @returns Nothing where there is none, or its parameters are not there.
 * @throws NaptuneError when the parameters are not those that the record names.
 */
export async function loadFinishedRun(
	directory: string,
	description: RunDescription,
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
	await writeRecord(runResultForm, join(directory, runFiles.result), result)
	await rm(join(directory, runFiles.lastGood), { force: true })
	return result
}

/** The closing record of a tuning run. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { at, entry } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import { readJsonFile } from '../../files/json-file.js'
import { sha256OfFile } from '../../files/sha256.js'
import { runFiles } from '../../records/names.js'
import { readRecord, writeRecord } from '../../records/record-kind.js'
import { type RunDescription, type RunResult, runDescriptionForm, runResultForm } from '../../records/run.js'
import { sameSettings, settingsIn } from '../../records/settings.js'
import { loadTensors, saveTensors, type TensorSet } from '../../training/tensor-set.js'
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
	if (!existsSync(join(directory, runFiles.parameters))) return undefined
	const result = await finishedResult(directory, description)
	return result && { parameters: await finalParameters(directory, result), result }
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
			'NAP_FILE_DAMAGED',
			`${path} is not the file that ${join(directory, runFiles.result)} names: their fingerprints differ, so one of them is damaged. Restore it, or tune again in another --output folder.`,
		)
	}
	return loadTensors(path)
}

/** Writes the final parameters and, last of all, the record. @param start The parameters before the first step. */
export async function finishRun(
	directory: string,
	defenseName: string,
	state: TuningState,
	start: TensorSet,
	checkpointSha256?: string,
): Promise<RunResult> {
	const path = join(directory, runFiles.parameters)
	await saveTensors(path, state.parameters, { defense: defenseName })
	const result: RunResult = {
		format: 1,
		optimizerSteps: state.optimizer.step,
		...state.usage,
		epochsAtChance: state.own.history.epochsAtChance,
		parametersSha256: await sha256OfFile(path),
		...defined({ moved: movedShare(start, state.parameters), checkpointSha256 }),
	}
	await writeRecord(runResultForm, join(directory, runFiles.result), result)
	return result
}

/** How far parameters moved, as a multiple of the length that they had; undefined where that is zero. */
function movedShare(start: TensorSet, end: TensorSet): number | undefined {
	let length = 0
	let distance = 0
	for (const [name, { data }] of Object.entries(start)) {
		const moved = entry(end, name).data
		for (const [index, value] of data.entries()) {
			length += value ** 2
			distance += (at(moved, index) - value) ** 2
		}
	}
	return length === 0 ? undefined : Math.sqrt(distance / length)
}

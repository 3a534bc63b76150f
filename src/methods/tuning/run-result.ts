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

/** A description without engine and version. */
const whatIsTuned = runDescriptionForm.schema.omit({ naptune: true, engine: true })

/**
 * The record of a finished run with the same description, even if its parameters are missing. Engine and version determined
 * its bytes, but reading it does not require the same ones.
 * @param description Current result of {@link describeRun}.
 * @returns Undefined if there is none.
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
 * A finished run from {@link finishedResult}, with its parameters.
 * @returns Undefined if there is none, or its parameters are missing.
 * @throws NaptuneError when the parameters do not match the record.
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
 * The final parameters of a run.
 * @param result Record of the run.
 * @throws NaptuneError when they do not match the record.
 */
export async function finalParameters(
	directory: string,
	{ parametersSha256 }: Pick<RunResult, 'parametersSha256'>,
): Promise<TensorSet> {
	const path = join(directory, runFiles.parameters)
	if ((await sha256OfFile(path)) !== parametersSha256) {
		throw new NaptuneError(
			'NAP_FILE_DAMAGED',
			`${path} does not match ${join(directory, runFiles.result)}: their fingerprints differ, so one of them is damaged. Restore it, or tune again in another --output folder.`,
		)
	}
	return loadTensors(path)
}

/** Writes the final parameters, then the record. @param start The parameters before the first step. */
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

/** How far parameters moved, as a multiple of their initial length; undefined if that is zero. */
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

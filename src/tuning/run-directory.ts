/** A tuning run on disk: what was asked for, its state after the last saved step, and its log. */

import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NaptuneError } from '../errors.js'
import { explainWriteFailure, writeFileAtomic } from '../files/atomic-write.js'
import { readSafetensorsHeader } from '../files/safetensors.js'
import type { Tensor } from '../onnx/tensor.js'
import type { AdamWState, TensorSet } from './adamw.js'
import { loadTensors, saveTensors, withPrefix } from './tensor-set.js'

/** Files of a run directory. */
export const runFiles = {
	/** Configuration, environment and data of the run. */
	description: 'run.json',
	/** Parameters and optimizer state after the last saved step. */
	state: 'state.safetensors',
	/** Final parameters; present once the run is finished. */
	parameters: 'parameters.safetensors',
	/** One JSON record per epoch. */
	log: 'log.jsonl',
} as const

/** State after `optimizer.step` optimizer steps. */
export interface TuningState {
	readonly parameters: Record<string, Tensor<'float32'>>
	readonly optimizer: AdamWState
	/** Sums of the epoch under way, for its record. */
	readonly epochSums: EpochSums
	/** Length of the log in bytes. */
	logLength: number
	/** Consecutive epochs at chance. */
	epochsAtChance: number
}

/** Sums over the images of an epoch so far. */
export interface EpochSums {
	images: number
	cleanLoss: number
	adversarialLoss: number
	cleanCorrect: number
	adversarialCorrect: number
}

/** Sums of an epoch that has not begun. */
export function emptySums(): EpochSums {
	return { images: 0, cleanLoss: 0, adversarialLoss: 0, cleanCorrect: 0, adversarialCorrect: 0 }
}

/**
 * Makes a run directory, or opens it to resume.
 * @param description Everything that decides the result; a run is resumed only under the same one.
 * @throws NaptuneError when the directory holds another run or files that are not a run's, or cannot be written.
 */
export async function openRunDirectory(
	directory: string,
	description: Readonly<Record<string, unknown>>,
	resume: boolean,
): Promise<void> {
	const path = join(directory, runFiles.description)
	if (existsSync(path)) {
		if (!resume) {
			throw new NaptuneError(
				`${directory} already holds a run. Continue it with --resume, or give another --output folder.`,
			)
		}
		const before = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
		const changed = Object.keys({ ...before, ...description }).filter(
			(key) => JSON.stringify(before[key]) !== JSON.stringify(JSON.parse(JSON.stringify(description))[key]),
		)
		if (changed.length > 0) {
			throw new NaptuneError(
				`${directory} holds a run with another ${changed.join(', ')}; resuming it would not give the result of either. Use the same settings, model, data and engine, or another --output folder.`,
			)
		}
		return
	}
	try {
		await mkdir(directory, { recursive: true })
		if ((await readdir(directory)).length > 0) {
			throw new NaptuneError(`${directory} is not empty and holds no run. Give an empty or new --output folder.`)
		}
	} catch (error) {
		throw error instanceof NaptuneError ? error : explainWriteFailure(error, directory)
	}
	await writeFileAtomic(path, `${JSON.stringify(description, null, '\t')}\n`)
}

/** Saves a state atomically. */
export async function saveTuningState(directory: string, state: TuningState): Promise<void> {
	const { parameters, optimizer, epochSums, logLength, epochsAtChance } = state
	const group = (prefix: string, arrays: Readonly<Record<string, Float32Array>>) =>
		Object.entries(arrays).map(([name, data]) => [`${prefix}/${name}`, { ...parameters[name]!, data }] as const)
	const tensors = Object.fromEntries([
		...Object.entries(parameters).map(([name, value]) => [`parameters/${name}`, value] as const),
		...group('first', optimizer.firstMoments),
		...group('second', optimizer.secondMoments),
	])
	await saveTensors(join(directory, runFiles.state), tensors as TensorSet, {
		step: String(optimizer.step),
		logLength: String(logLength),
		epochSums: JSON.stringify(epochSums),
		epochsAtChance: String(epochsAtChance),
	})
}

/** The saved state, or undefined where there is none yet. */
export async function loadTuningState(directory: string): Promise<TuningState | undefined> {
	const path = join(directory, runFiles.state)
	if (!existsSync(path)) return undefined
	const { metadata } = await readSafetensorsHeader(path)
	const tensors = await loadTensors(path)
	const arrays = (prefix: string) =>
		Object.fromEntries(Object.entries(withPrefix(tensors, prefix)).map(([name, { data }]) => [name, data]))
	return {
		parameters: withPrefix(tensors, 'parameters'),
		optimizer: { step: Number(metadata.step), firstMoments: arrays('first'), secondMoments: arrays('second') },
		epochSums: JSON.parse(metadata.epochSums ?? 'null') as EpochSums,
		logLength: Number(metadata.logLength),
		epochsAtChance: Number(metadata.epochsAtChance),
	}
}

/** States of a tuning run: all that a later step depends on, saved so that a resumed run goes on as if never stopped. */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, link, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import { type Defense, initialParameters } from '../../defenses/defense.js'
import { explainWriteFailure } from '../../files/atomic-write.js'
import { readSafetensorsHeader } from '../../files/safetensors.js'
import type { TensorSet } from '../../training/adamw.js'
import { createOptimizerState, type OptimizerName, type OptimizerState, optimizers } from '../../training/optimizers.js'
import { loadTensors, saveTensors, withPrefix } from '../../training/tensor-set.js'
import { type ChanceHistory, noEpochs } from './collapse.js'
import { runFiles } from './run-directory.js'

/** State after `optimizer.step` optimizer steps. */
export interface TuningState {
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	readonly optimizer: OptimizerState
	/** Sums of the epoch under way, for its record. */
	epochSums: EpochSums
	/** Length of the log in bytes. */
	logLength: number
	/** What the finished epochs showed. */
	history: ChanceHistory
	/** Time spent and memory held so far, over all parts of a run that was stopped and resumed. */
	usage: Usage
}

/** Sums over the images of an epoch so far. */
export interface EpochSums {
	readonly images: number
	readonly cleanLoss: number
	readonly adversarialLoss: number
	readonly cleanCorrect: number
	readonly adversarialCorrect: number
}

/** What a run took. */
export interface Usage {
	/** Wall-clock time of all parts up to their last saved states. */
	readonly seconds: number
	/** The largest resident memory of the process that was seen with all programs compiled. */
	readonly residentBytes: number
}

/** Sums of an epoch that has not begun. */
export const emptySums: EpochSums = {
	images: 0,
	cleanLoss: 0,
	adversarialLoss: 0,
	cleanCorrect: 0,
	adversarialCorrect: 0,
}

/** Entry by entry. */
export function addSums(a: EpochSums, b: EpochSums): EpochSums {
	return {
		images: a.images + b.images,
		cleanLoss: a.cleanLoss + b.cleanLoss,
		adversarialLoss: a.adversarialLoss + b.adversarialLoss,
		cleanCorrect: a.cleanCorrect + b.cleanCorrect,
		adversarialCorrect: a.adversarialCorrect + b.adversarialCorrect,
	}
}

/** A run before its first step: initial parameters, each from a random stream of its own. */
export async function initialState(
	defense: Defense,
	seed: number,
	optimizer: OptimizerName = 'adamw',
): Promise<TuningState> {
	const parameters = await initialParameters(defense, seed)
	return {
		parameters,
		optimizer: createOptimizerState(optimizer, parameters),
		epochSums: emptySums,
		logLength: 0,
		history: noEpochs,
		usage: { seconds: 0, residentBytes: 0 },
	}
}

/** Saves a state atomically. @throws NaptuneError when the directory cannot be written; the state before it is kept. */
export async function saveTuningState(directory: string, state: TuningState): Promise<void> {
	const { parameters, optimizer, epochSums, logLength, history, usage } = state
	const group = (prefix: string, arrays: Readonly<Record<string, Float32Array>>) =>
		Object.entries(arrays).map(([name, data]) => [`${prefix}/${name}`, { ...parameters[name]!, data }] as const)
	const tensors = Object.fromEntries([
		...Object.entries(parameters).map(([name, value]) => [`parameters/${name}`, value] as const),
		...Object.entries(optimizer.memory).flatMap(([memory, arrays]) => group(memory, arrays)),
	])
	const progress: z.input<typeof progressSchema> = { step: optimizer.step, logLength, epochSums, history, usage }
	await saveTensors(join(directory, runFiles.state), tensors as TensorSet, { progress: JSON.stringify(progress) })
}

const count = z.int().nonnegative()
const progressSchema = z.strictObject({
	step: count,
	logLength: count,
	epochSums: z.strictObject({
		images: count,
		cleanLoss: z.number(),
		adversarialLoss: z.number(),
		cleanCorrect: count,
		adversarialCorrect: count,
	}),
	history: z.strictObject({ epochsAtChance: count, learned: z.boolean() }),
	usage: z.strictObject({ seconds: z.number(), residentBytes: z.number() }),
})

/**
 * A saved state of a defense, or undefined where there is none yet.
 * @param optimizer The one whose memory it holds. @param file The newest by default.
 * @throws NaptuneError when the file is damaged or belongs to another defense.
 */
export async function loadTuningState(
	directory: string,
	defense: Pick<Defense, 'parameters'>,
	optimizer: OptimizerName = 'adamw',
	file: string = runFiles.state,
): Promise<TuningState | undefined> {
	const path = join(directory, file)
	if (!existsSync(path)) return undefined
	const { metadata } = await readSafetensorsHeader(path)
	const { step, ...progress } = parseProgress(metadata.progress, path)
	const tensors = await loadTensors(path)
	const groups = new Map(
		['parameters', ...optimizers[optimizer].memory].map((prefix) => {
			const group = withPrefix(tensors, prefix)
			for (const [name, { shape }] of defense.parameters) {
				if (String(group[name]?.shape) !== String(shape)) {
					throw damaged(path, `${prefix}/${name} is missing or not of shape [${shape.join(', ')}]`)
				}
			}
			// In the order of the defense, whatever the order in the file.
			return [prefix, Object.fromEntries([...defense.parameters.keys()].map((name) => [name, group[name]!]))]
		}),
	)
	const data = (group: TensorSet) =>
		Object.fromEntries(Object.entries(group).map(([name, value]) => [name, value.data]))
	return {
		parameters: groups.get('parameters')!,
		optimizer: {
			step,
			memory: Object.fromEntries(optimizers[optimizer].memory.map((memory) => [memory, data(groups.get(memory)!)])),
		},
		...progress,
	}
}

function parseProgress(text: string | undefined, path: string): z.output<typeof progressSchema> {
	try {
		return progressSchema.parse(JSON.parse(text ?? ''))
	} catch {
		throw damaged(path, 'its metadata do not say where the run stands')
	}
}

function damaged(path: string, how: string): NaptuneError {
	return new NaptuneError(
		`${path} is not a saved state of this run: ${how}. Restore the file, or start again in another --output folder.`,
	)
}

/** Keeps the saved state under a second name when newer ones replace it; takes no space until then. */
export async function keepAsLastGood(directory: string): Promise<void> {
	const [state, kept] = [join(directory, runFiles.state), join(directory, runFiles.lastGood)]
	const name = `.${basename(kept)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
	const temporary = join(directory, name)
	try {
		// Some file systems know no second names.
		await link(state, temporary).catch(() => copyFile(state, temporary))
		await rename(temporary, kept)
	} catch (error) {
		throw explainWriteFailure(error, kept)
	} finally {
		// Where both already name the same file, renaming does nothing.
		await rm(temporary, { force: true })
	}
}

/** What a pre-training run needs to go on after a cut: weights, their running average and the optimizer's memory. */

import { existsSync } from 'node:fs'
import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import { readSafetensorsHeader } from '../../files/safetensors.js'
import type { AdamWState } from '../../training/adamw.js'
import { loadTensors, saveTensors, withPrefix } from '../../training/tensor-set.js'

/** State after `optimizer.step` steps. */
export interface PretrainingState {
	readonly weights: Record<string, Tensor<'float32'>>
	/** Exponential running average of the weights. */
	readonly average: Record<string, Tensor<'float32'>>
	readonly optimizer: AdamWState
	/** Length of the log in bytes when the state was saved. */
	logLength: number
}

/** Saves a state atomically. @param recipeHash Identifies the recipe, so that another one is not continued by mistake. */
export async function saveState(path: string, state: PretrainingState, recipeHash: string): Promise<void> {
	const { weights, average, optimizer } = state
	const like = (data: Record<string, Float32Array>) =>
		Object.fromEntries(Object.entries(data).map(([name, values]) => [name, { ...weights[name]!, data: values }]))
	const groups = {
		weights,
		average,
		first: like(optimizer.firstMoments),
		second: like(optimizer.secondMoments),
	}
	const tensors = Object.fromEntries(
		Object.entries(groups).flatMap(([group, set]) =>
			Object.entries(set).map(([name, value]) => [`${group}/${name}`, value] as const),
		),
	)
	const metadata = { step: String(optimizer.step), recipe: recipeHash, logLength: String(state.logLength) }
	await saveTensors(path, tensors as Record<string, Tensor<'float32'>>, metadata)
}

/** Loads a saved state, or undefined where there is none. @throws NaptuneError when it belongs to another recipe. */
export async function loadState(path: string, recipeHash: string): Promise<PretrainingState | undefined> {
	if (!existsSync(path)) return undefined
	const { metadata } = await readSafetensorsHeader(path)
	if (metadata.recipe !== recipeHash) {
		throw new NaptuneError(
			`${path} was written with another recipe or other data. Give another --output folder, or remove this one to start anew.`,
		)
	}
	const tensors = await loadTensors(path)
	const arrays = (prefix: string) =>
		Object.fromEntries(Object.entries(withPrefix(tensors, prefix)).map(([name, { data }]) => [name, data]))
	return {
		weights: withPrefix(tensors, 'weights'),
		average: withPrefix(tensors, 'average'),
		optimizer: { step: Number(metadata.step), firstMoments: arrays('first'), secondMoments: arrays('second') },
		logLength: Number(metadata.logLength),
	}
}

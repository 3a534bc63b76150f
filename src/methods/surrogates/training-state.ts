/** All that a later step of training depends on, saved so that a resumed run goes on as if never stopped. */

import { existsSync } from 'node:fs'
import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import { readSafetensorsHeader } from '../../files/safetensors.js'
import { differences } from '../../records/settings.js'
import { type SurrogateSettings, surrogateKind } from '../../records/surrogate.js'
import { loadTensors, saveTensors, withPrefix } from '../../training/tensor-set.js'

/** State after `step` steps. */
export interface TrainingState {
	readonly parameters: Record<string, Tensor<'float32'>>
	/** Running averages of batch normalisation. */
	readonly averages: Record<string, Tensor<'float32'>>
	/** Of SGD, by parameter. */
	readonly velocities: Record<string, Float32Array>
	step: number
	/** Length of the log in bytes. */
	logLength: number
	/** Sums of the epoch under way, over its steps. */
	sums: Readonly<Record<string, number>>
	/** Wall-clock time of all parts so far. */
	seconds: number
}

const progressSchema = z.strictObject({
	step: z.int().nonnegative(),
	logLength: z.int().nonnegative(),
	sums: z.record(z.string(), z.number()),
	seconds: z.number(),
})

/** A state before the first step. */
export function startingState(
	parameters: TrainingState['parameters'],
	averages: TrainingState['averages'],
): TrainingState {
	const velocities = Object.fromEntries(
		Object.entries(parameters).map(([name, { data }]) => [name, new Float32Array(data.length)]),
	)
	return { parameters, averages, velocities, step: 0, logLength: 0, sums: {}, seconds: 0 }
}

/** Saves a state atomically. @param description Everything that decides the result (JSON). */
export async function saveTrainingState(
	path: string,
	{ parameters, averages, velocities, ...progress }: TrainingState,
	description: SurrogateSettings,
): Promise<void> {
	const prefixed = (prefix: string, tensors: Readonly<Record<string, Tensor<'float32'>>>) =>
		Object.entries(tensors).map(([name, value]) => [`${prefix}/${name}`, value] as const)
	const memory = Object.fromEntries(
		Object.entries(velocities).map(([name, data]) => [name, { ...parameters[name]!, data }]),
	)
	const tensors = Object.fromEntries([
		...prefixed('parameters', parameters),
		...prefixed('averages', averages),
		...prefixed('velocities', memory),
	])
	const metadata = { description: JSON.stringify(description), progress: JSON.stringify(progress) }
	await saveTensors(path, tensors, metadata)
}

/**
 * A saved state, or undefined where there is none.
 * @param start Whose names and shapes it must have.
 * @throws NaptuneError when it is damaged, or of a training that differs in anything that decides the result.
 */
export async function loadTrainingState(
	path: string,
	start: TrainingState,
	description: SurrogateSettings,
): Promise<TrainingState | undefined> {
	if (!existsSync(path)) return undefined
	const { metadata } = await readSafetensorsHeader(path)
	requireSame(path, parsed(metadata.description), description)
	const progress = progressSchema.safeParse(parsed(metadata.progress))
	const tensors = await loadTensors(path)
	const group = (prefix: string, like: TrainingState['parameters']) => {
		const found = withPrefix(tensors, prefix)
		return Object.fromEntries(
			Object.entries(like).map(([name, { shape }]) => {
				const value = found[name]
				if (String(value?.shape) !== String(shape))
					throw damaged(path, `${prefix}/${name} is missing or of another shape`)
				return [name, value!]
			}),
		)
	}
	if (!progress.success) throw damaged(path, 'it does not say where training stands')
	const velocities = group('velocities', start.parameters)
	return {
		parameters: group('parameters', start.parameters),
		averages: group('averages', start.averages),
		velocities: Object.fromEntries(Object.entries(velocities).map(([name, { data }]) => [name, data])),
		...progress.data,
	}
}

/** @throws NaptuneError naming what differs between a training that left a file and the one asked for. */
export function requireSame(path: string, before: unknown, now: SurrogateSettings): void {
	const changed = differences(surrogateKind.settings, before, now)
	if (changed.length === 0) return
	throw new NaptuneError(
		`${path} is of a surrogate that was trained otherwise; it differs in ${changed.join(', ')}. Use the same settings, data and engine, give another --out, or remove it to start anew.`,
	)
}

function parsed(text: string | undefined): unknown {
	try {
		return JSON.parse(text ?? 'null')
	} catch {
		return null
	}
}

function damaged(path: string, how: string): NaptuneError {
	return new NaptuneError(`${path} is not a state of this training: ${how}. Remove it to start anew.`)
}

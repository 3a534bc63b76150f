/** The compiled programs of a classifier: one per set of taps and one per objective, compiled on first use. */

import { at, entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { input } from '../onnx/builders.js'
import { grad } from '../onnx/graph.js'
import type { Dimension, Value } from '../onnx/value.js'
import type { CompileOptions, Engine, Program } from '../runtime/engine.js'
import type { Objective } from './objectives/objective.js'

/** The symbol of the batch axis in a classifier's graph. */
export const batchSymbol = 'B'
/** Input name of the images. */
export const pixelsName = 'pixels'
/** Input name of an objective's side input. */
export const sideName = (name: string): string => `side.${name}`
/** Output name of a tap. */
export const tapName = (name: string): string => `tap.${name}`

/** Programs of one graph. */
export interface ClassifierPrograms {
	/** Maps pixels to taps. {@link tapName} names the outputs. */
	evaluation(taps: readonly string[]): Promise<Program>
	/** Maps pixels and side inputs to the objective's taps, `loss` and `gradient`, in one pass. */
	gradient(objective: Objective): Promise<Program>
	release(): Promise<void>
}

/** Programs over the taps of a graph with images `pixels`: [B, ...] for any number, or [1, ...] for one image. */
export function classifierPrograms(
	engine: Engine,
	pixels: Value,
	taps: Readonly<Record<string, Value>>,
	options: CompileOptions,
): ClassifierPrograms {
	const programs = new Map<string, Promise<Program>>()
	let released: Promise<void> | undefined

	const cached = (name: string, outputs: () => Readonly<Record<string, Value>>): Promise<Program> => {
		if (released)
			throw new NaptuneError('NAP_INPUT_UNSUITABLE', 'The classifier was released; create it again to use it.')
		const known = programs.get(name)
		if (known) return known
		const compiled = Promise.resolve().then(() =>
			engine.compile(outputs(), { ...options, name: `${options.name ?? 'classifier'} ${name}` }),
		)
		programs.set(name, compiled)
		// A failure reaches every waiting caller, and the next call tries again.
		compiled.catch(() => programs.delete(name))
		return compiled
	}
	const tapOutputs = (names: readonly string[]) =>
		Object.fromEntries(names.map((name) => [tapName(name), entry(taps, name)] as const))

	return {
		evaluation(names) {
			const sorted = [...new Set(names)].sort()
			return cached(`taps ${sorted.join(' ')}`, () => tapOutputs(sorted))
		},
		gradient: (objective) =>
			cached(`gradient of ${objective.name}`, () => {
				const loss = lossOf(objective, taps, at(pixels.shape, 0))
				return { ...tapOutputs(objective.taps), loss, gradient: at(grad(loss, [pixels]), 0) }
			}),
		release() {
			released ??= Promise.allSettled(programs.values()).then(async (results) => {
				for (const result of results) if (result.status === 'fulfilled') await result.value.release()
			})
			return released
		},
	}
}

function lossOf(objective: Objective, taps: Readonly<Record<string, Value>>, batch: Dimension): Value {
	const read = Object.fromEntries(objective.taps.map((name) => [name, entry(taps, name)]))
	const side = Object.fromEntries(
		Object.entries(objective.side).map(([name, { type, shape }]) => [
			name,
			input(sideName(name), type, [batch, ...shape]),
		]),
	)
	const loss = objective.build(read, side)
	if (loss.type !== 'float32' || loss.shape.length !== 1 || loss.shape[0] !== batch) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`Objective ${objective.name} builds a ${loss.type} loss of shape [${loss.shape.join(', ')}]; one float32 per image, shape [${batch}], is required. Reduce over all axes but the first.`,
		)
	}
	return loss
}

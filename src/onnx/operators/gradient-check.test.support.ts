/** Gradients, first and second order, against central differences of the graph they belong to. */

import { add, input, mul, reduceSum } from '../builders.js'
import { describeShape } from '../dimensions.js'
import { grad } from '../grad.js'
import { type ElementType, elementCount, type Tensor, tensor } from '../tensor.js'
import type { Shape, Value } from '../value.js'

/** One input that is differentiated. */
export interface Operand {
	/** Sizes at run time. */
	readonly shape: readonly number[]
	/** Sizes as the graph knows them; symbols stand for those of `shape`. */
	readonly declared?: Shape
	/** One number per element. */
	readonly values: readonly number[]
}

/** One graph around the operator under test. */
export interface Trial {
	readonly operands: readonly Operand[]
	/** Inputs that are fed, but not differentiated. */
	readonly fixed?: readonly { readonly value: Tensor; readonly declared?: Shape }[]
	/** Applies the operator; all results are differentiated. */
	readonly build: (operands: readonly Value[], fixed: readonly Value[]) => Value | readonly Value[]
}

/** How a comparison is made. */
export interface Precision {
	readonly type: 'float32' | 'float64'
	/** Half the distance between the two points of a central difference. */
	readonly step: number
	/** Allowed error relative to 1 + the size of what is compared. */
	readonly tolerance: number
	/** Whether gradients of gradients are compared, too. */
	readonly secondOrder: boolean
}

/** Runs a graph once: compiles the outputs, which every call feeds. */
export type Compile = (outputs: Readonly<Record<string, Value>>) => Promise<{
	readonly inputs: readonly string[]
	run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>
	release(): Promise<void>
}>

/** Rounding errors of 1e-16 / step and a truncation error of the order of step² · third derivative. */
export const double: Precision = { type: 'float64', step: 1e-5, tolerance: 1e-7, secondOrder: true }

/**
 * A stream of numbers in [0, 1), splitmix32, so that a trial is reproduced by its seed.
 */
export function uniform(seed: number): () => number {
	let state = seed | 0
	return () => {
		state = (state + 0x9e3779b9) | 0
		let mixed = state ^ (state >>> 16)
		mixed = Math.imul(mixed, 0x21f0aaad)
		mixed ^= mixed >>> 15
		mixed = Math.imul(mixed, 0x735a2d97)
		return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
	}
}

/** @throws Error naming the quantity and both numbers when a gradient or an inferred shape is wrong. */
export async function checkGradients(
	compile: Compile,
	trial: Trial,
	precision: Precision,
	seed: number,
): Promise<void> {
	const { type, step, secondOrder } = precision
	const { operands, fixed = [] } = trial
	const xs = operands.map(({ shape, declared }, at) => input(`x${at}`, type, declared ?? shape))
	const fixedInputs = fixed.map(({ value, declared }, at) => input(`fixed${at}`, value.type, declared ?? value.shape))
	const built = trial.build(xs, fixedInputs)
	const ys = Array.isArray(built) ? (built as readonly Value[]) : [built as Value]
	const seeds = ys.map((y, at) => input(`seed${at}`, y.type, y.shape))
	const directions = xs.map((x, at) => input(`direction${at}`, x.type, x.shape))

	const outputs: Record<string, Value> = {}
	ys.forEach((y, k) => {
		outputs[`y${k}`] = y
		const gradients = grad(y, xs, { seed: seeds[k]! })
		gradients.forEach((gradient, i) => {
			outputs[`g${i}.${k}`] = gradient
		})
		if (!secondOrder) return
		const slope = gradients.map((gradient, i) => reduceSum(mul(gradient, directions[i]!))).reduce((a, b) => add(a, b))
		grad(slope, xs).forEach((gradient, i) => {
			outputs[`h${i}.${k}`] = gradient
		})
	})
	const program = await compile(outputs)
	try {
		const random = uniform(seed)
		const draw = (count: number) => Array.from({ length: count }, () => random() * 2 - 1)
		const shaped = [...operands, ...fixed.map(({ value, declared }) => ({ shape: value.shape, declared }))]
		const sizes = new Map(
			shaped.flatMap(({ shape, declared }) => (declared ?? []).map((size, at) => [size, shape[at]!])),
		)
		const seedShapes = ys.map((y) => y.shape.map((dimension) => sizeOf(dimension, sizes)))
		const seedValues = seedShapes.map((shape) => draw(elementCount(shape)))
		const make = (shape: readonly number[], values: readonly number[], kind: ElementType = type) =>
			kind === 'float32'
				? tensor('float32', shape, Float32Array.from(values))
				: tensor('float64', shape, Float64Array.from(values))
		const at = (offset: number, along: readonly (readonly number[])[]) => {
			const feeds: [string, Tensor][] = [
				...operands.map(({ shape, values }, i): [string, Tensor] => [
					`x${i}`,
					make(
						shape,
						values.map((value, j) => value + offset * along[i]![j]!),
					),
				]),
				...fixed.map(({ value }, i): [string, Tensor] => [`fixed${i}`, value]),
				...seedShapes.map((shape, k): [string, Tensor] => [`seed${k}`, make(shape, seedValues[k]!, ys[k]!.type)]),
				...operands.map(({ shape }, i): [string, Tensor] => [`direction${i}`, make(shape, along[i]!)]),
			]
			return program.run(Object.fromEntries(feeds.filter(([name]) => program.inputs.includes(name))))
		}

		for (let round = 0; round < 2; round++) {
			const along = operands.map(({ values }) => draw(values.length))
			const here = await at(0, along)
			const ahead = await at(step, along)
			const behind = await at(-step, along)
			const numeric = (name: string) =>
				numbers(ahead[name]!).map((value, j) => (value - numbers(behind[name]!)[j]!) / (2 * step))
			ys.forEach((y, k) => {
				const { shape } = here[`y${k}`]!
				if (describeShape(shape) !== describeShape(seedShapes[k]!) || here[`y${k}`]!.type !== y.type) {
					throw new Error(
						`result ${k} was inferred as ${y.type} ${describeShape(y.shape)}, the engine returned ${here[`y${k}`]!.type} ${describeShape(shape)}`,
					)
				}
				const expected = dot(numeric(`y${k}`), seedValues[k]!)
				const given = xs.reduce((sum, _, i) => sum + dot(numbers(here[`g${i}.${k}`]!), along[i]!), 0)
				compare(`slope of result ${k}`, given, expected, precision)
			})
			if (!secondOrder) continue
			xs.forEach((_, i) => {
				ys.forEach((_, k) => {
					const expected = numeric(`g${i}.${k}`)
					numbers(here[`h${i}.${k}`]!).forEach((given, j) => {
						compare(`second derivative of result ${k} to operand ${i}, entry ${j}`, given, expected[j]!, precision)
					})
				})
			})
		}
	} finally {
		await program.release()
	}
}

function sizeOf(dimension: number | string, sizes: ReadonlyMap<number | string, number>): number {
	if (typeof dimension === 'number') return dimension
	return dimension.split('*').reduce((total, part) => total * (sizes.get(part) ?? Number(part)), 1)
}

function numbers(value: Tensor): number[] {
	return Array.from(value.data as Float64Array)
}

function dot(a: readonly number[], b: readonly number[]): number {
	return a.reduce((sum, value, at) => sum + value * b[at]!, 0)
}

function compare(what: string, given: number, expected: number, { tolerance }: Precision): void {
	const error = Math.abs(given - expected)
	if (!(error <= tolerance * (1 + Math.max(Math.abs(given), Math.abs(expected))))) {
		throw new Error(`${what} is ${given}, the central difference ${expected}`)
	}
}

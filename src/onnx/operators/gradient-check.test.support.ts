/** Checks gradients of first and second order against central differences of their graph. */

import { type ElementType, elementCount, type Tensor, tensor } from '../../core/tensor.js'
import { add, input, mul, reduceSum } from '../builders.js'
import { describeShape } from '../dimensions.js'
import { grad } from '../grad.js'
import type { Shape, Value } from '../value.js'

/** One differentiated input. */
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

/** Settings of a comparison. */
export interface Precision {
	readonly type: 'float32' | 'float64'
	/** Half the distance between the two points of a central difference. */
	readonly step: number
	/** Allowed error relative to 1 + the size of the compared values. */
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

/**
 * Checks the gradients of some trials, all in one program.
 * @throws Error naming trial, quantity and both numbers when a gradient or an inferred shape is wrong.
 */
export async function checkGradients(
	compile: Compile,
	trials: readonly Trial[],
	precision: Precision,
	seed: number,
): Promise<void> {
	const random = uniform(seed)
	const checks = trials.map((trial, at) => prepare(trial, `trial ${at}: `, precision, random))
	const program = await compile(Object.assign({}, ...checks.map(({ outputs }) => outputs)))
	try {
		const at = (offset: number) => {
			const feeds = checks.flatMap(({ feeds }) => feeds(offset))
			return program.run(Object.fromEntries(feeds.filter(([name]) => program.inputs.includes(name))))
		}
		const [here, ahead, behind] = [await at(0), await at(precision.step), await at(-precision.step)]
		for (const { verify } of checks) verify(here, ahead, behind)
	} finally {
		await program.release()
	}
}

/** The graph of one trial with its derivatives, its feeds along one random direction, and the conditions to check. */
function prepare(trial: Trial, prefix: string, precision: Precision, random: () => number) {
	const { type, step, secondOrder } = precision
	const { operands, fixed = [] } = trial
	// Symbols of different trials are different sizes.
	const own = (shape: Shape) =>
		shape.map((size) => (typeof size === 'string' ? `${size}.${prefix.slice(6, -2)}` : size))
	const xs = operands.map(({ shape, declared }, at) => input(`${prefix}x${at}`, type, own(declared ?? shape)))
	const fixedInputs = fixed.map(({ value, declared }, at) =>
		input(`${prefix}fixed${at}`, value.type, own(declared ?? value.shape)),
	)
	const built = trial.build(xs, fixedInputs)
	const ys = Array.isArray(built) ? (built as readonly Value[]) : [built as Value]
	const seeds = ys.map((y, at) => input(`${prefix}seed${at}`, y.type, y.shape))
	const directions = xs.map((x, at) => input(`${prefix}direction${at}`, x.type, x.shape))

	const outputs: Record<string, Value> = {}
	ys.forEach((y, k) => {
		outputs[`${prefix}y${k}`] = y
		const gradients = grad(y, xs, { seed: seeds[k]! })
		gradients.forEach((gradient, i) => {
			outputs[`${prefix}g${i}.${k}`] = gradient
		})
		if (!secondOrder) return
		const slope = gradients.map((gradient, i) => reduceSum(mul(gradient, directions[i]!))).reduce((a, b) => add(a, b))
		grad(slope, xs).forEach((gradient, i) => {
			outputs[`${prefix}h${i}.${k}`] = gradient
		})
	})

	const sizes = new Map(
		[
			...xs.map((x, at) => [x, operands[at]!.shape] as const),
			...fixedInputs.map((x, at) => [x, fixed[at]!.value.shape] as const),
		].flatMap(([{ shape }, actual]) => shape.map((size, at) => [size, actual[at]!] as const)),
	)
	const draw = (count: number) => Array.from({ length: count }, () => random() * 2 - 1)
	const resultShapes = ys.map((y) => y.shape.map((dimension) => sizeOf(dimension, sizes)))
	const seedValues = resultShapes.map((shape) => draw(elementCount(shape)))
	const along = operands.map(({ values }) => draw(values.length))

	const feeds = (offset: number): [string, Tensor][] => [
		...operands.map(({ shape, values }, i): [string, Tensor] => {
			const moved = values.map((value, j) => value + offset * along[i]![j]!)
			return [`${prefix}x${i}`, make(type, shape, moved)]
		}),
		...operands.map(({ shape }, i): [string, Tensor] => [`${prefix}direction${i}`, make(type, shape, along[i]!)]),
		...fixed.map(({ value }, i): [string, Tensor] => [`${prefix}fixed${i}`, value]),
		...resultShapes.map((shape, k): [string, Tensor] => [
			`${prefix}seed${k}`,
			make(ys[k]!.type, shape, seedValues[k]!),
		]),
	]
	type Results = Record<string, Tensor>
	const verify = (here: Results, ahead: Results, behind: Results) => {
		const slope = (name: string) => {
			const before = numbers(behind[prefix + name]!)
			return numbers(ahead[prefix + name]!).map((value, j) => (value - before[j]!) / (2 * step))
		}
		ys.forEach((y, k) => {
			const returned = here[`${prefix}y${k}`]!
			if (describeShape(returned.shape) !== describeShape(resultShapes[k]!) || returned.type !== y.type) {
				throw new Error(
					`${prefix}result ${k} was inferred as ${y.type} ${describeShape(y.shape)}, the engine returned ${returned.type} ${describeShape(returned.shape)}`,
				)
			}
			const given = xs.reduce((sum, _, i) => sum + dot(numbers(here[`${prefix}g${i}.${k}`]!), along[i]!), 0)
			compare(`${prefix}slope of result ${k}`, given, dot(slope(`y${k}`), seedValues[k]!), precision)
			if (!secondOrder) return
			xs.forEach((_, i) => {
				const expected = slope(`g${i}.${k}`)
				numbers(here[`${prefix}h${i}.${k}`]!).forEach((value, j) => {
					const what = `${prefix}second derivative of result ${k} to operand ${i}, entry ${j},`
					compare(what, value, expected[j]!, precision)
				})
			})
		})
	}
	return { outputs, feeds, verify }
}

function make(type: ElementType, shape: readonly number[], values: readonly number[]): Tensor {
	return type === 'float32'
		? tensor('float32', shape, Float32Array.from(values))
		: tensor('float64', shape, Float64Array.from(values))
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

/** Arithmetic on dimensions that are numbers or products of a number and symbolic sizes, such as `50*B`. */

import { NaptuneError } from '../core/errors.js'
import type { Dimension, Shape } from './value.js'

interface Monomial {
	readonly factor: number
	readonly symbols: readonly string[]
}

function parse(dimension: Dimension): Monomial {
	if (typeof dimension === 'number') return { factor: dimension, symbols: [] }
	let factor = 1
	const symbols: string[] = []
	for (const part of dimension.split('*')) {
		if (/^\d+$/.test(part)) factor *= Number(part)
		else symbols.push(part)
	}
	return { factor, symbols: symbols.sort() }
}

function format({ factor, symbols }: Monomial): Dimension {
	if (symbols.length === 0 || factor === 0) return factor
	return [...(factor === 1 ? [] : [String(factor)]), ...symbols].join('*')
}

/** Whether something is a size: a whole number of at least 0, or a product of names and whole numbers. */
export function isDimension(value: unknown): value is Dimension {
	if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0
	return typeof value === 'string' && /^(\d+|[A-Za-z_][\w.]*)(\*(\d+|[A-Za-z_][\w.]*))*$/.test(value)
}

/** Product of dimensions in canonical form, so that equal sizes are equal strings. */
export function product(dimensions: Shape): Dimension {
	const parts = dimensions.map(parse)
	return format({
		factor: parts.reduce((total, part) => total * part.factor, 1),
		symbols: parts.flatMap((part) => part.symbols).sort(),
	})
}

/** `dividend / divisor` if it divides without remainder, otherwise `undefined`. */
export function quotient(dividend: Dimension, divisor: Dimension): Dimension | undefined {
	const upper = parse(dividend)
	const lower = parse(divisor)
	const rest = [...upper.symbols]
	for (const symbol of lower.symbols) {
		const at = rest.indexOf(symbol)
		if (at < 0) return undefined
		rest.splice(at, 1)
	}
	if (lower.factor === 0 || upper.factor % lower.factor !== 0) return undefined
	return format({ factor: upper.factor / lower.factor, symbols: rest })
}

/** Whether two shapes are the same, dimension by dimension. */
export function sameShape(a: Shape, b: Shape): boolean {
	return a.length === b.length && a.every((dimension, axis) => dimension === b[axis])
}

/** A shape for messages, such as `[B, 50, 768]`. */
export function describeShape(shape: Shape): string {
	return `[${shape.join(', ')}]`
}

/**
 * The result shape of NumPy-style broadcasting.
 * @throws NaptuneError when two sizes differ and neither is 1.
 */
export function broadcastShapes(a: Shape, b: Shape, where: string): Shape {
	const rank = Math.max(a.length, b.length)
	return Array.from({ length: rank }, (_, axis) => {
		const left = a[axis - rank + a.length] ?? 1
		const right = b[axis - rank + b.length] ?? 1
		if (left === right || right === 1) return left
		if (left === 1) return right
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${where} cannot broadcast ${describeShape(a)} with ${describeShape(b)}: sizes on an axis must be equal or 1.`,
		)
	})
}

/** A non-negative axis from one that may count from the end. */
export function normalizeAxis(axis: number, rank: number, where: string): number {
	const normalized = axis < 0 ? axis + rank : axis
	if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${where} was given axis ${axis} for a tensor of rank ${rank}; use -${rank} to ${rank - 1}.`,
		)
	}
	return normalized
}

/** The size of an axis as a number. @throws NaptuneError when it is symbolic. */
export function staticDimension(shape: Shape, axis: number, where: string): number {
	const dimension = shape[axis]
	if (typeof dimension !== 'number') {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${where} needs a fixed size on axis ${axis} of ${describeShape(shape)}, but that size is symbolic.`,
		)
	}
	return dimension
}

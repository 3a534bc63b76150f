/** Checks the feeds of a program before the engine sees them. */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { elementCount, type Tensor } from '../core/tensor.js'
import { describeShape } from '../onnx/dimensions.js'
import type { Dimension } from '../onnx/value.js'
import type { Feeds, InputDeclaration } from './engine.js'

/**
 * Checks names, element types and shapes; a symbolic size must be the same wherever it occurs in one call.
 * @throws NaptuneError that states the given and the expected feed.
 */
export function checkFeeds(program: string, inputs: readonly InputDeclaration[], feeds: Feeds): void {
	const known = new Set(inputs.map(({ name }) => name))
	const unknown = Object.keys(feeds).filter((name) => !known.has(name))
	if (unknown.length > 0) {
		throw new NaptuneError(
			'NAP_FEED_INVALID',
			`Program ${program} has no input ${unknown.join(', ')}; its inputs are: ${[...known].join(', ') || 'none'}.`,
		)
	}
	const sizes = new Map<string, { readonly size: number; readonly from: string }>()
	for (const input of inputs) {
		const feed = feeds[input.name]
		if (!feed) {
			throw new NaptuneError(
				'NAP_FEED_INVALID',
				`Program ${program} was run without input ${input.name}, a ${input.type} tensor of shape ${describeShape(input.shape)}.`,
			)
		}
		const expected = `expected ${input.type} ${describeShape(input.shape)}`
		const given = `Input ${input.name} of program ${program} was fed ${feed.type} ${describeShape(feed.shape)}`
		if (feed.type !== input.type) throw new NaptuneError('NAP_FEED_INVALID', `${given}, ${expected}.`)
		if (feed.shape.length !== input.shape.length) throw new NaptuneError('NAP_FEED_INVALID', `${given}, ${expected}.`)
		input.shape.forEach((dimension, axis) => {
			const size = at(feed.shape, axis)
			if (!Number.isSafeInteger(size) || size < 0)
				throw new NaptuneError('NAP_FEED_INVALID', `${given}: sizes must be whole numbers.`)
			const conflict = unify(dimension, size, input.name, sizes)
			if (conflict) throw new NaptuneError('NAP_FEED_INVALID', `${given}, ${expected}: ${conflict}.`)
		})
		if ('data' in feed) checkStorage(given, feed)
	}
}

/** Storage of each element type. */
const storage = {
	float32: Float32Array,
	float64: Float64Array,
	int64: BigInt64Array,
	int32: Int32Array,
	bool: Uint8Array,
} as const

function checkStorage(given: string, { type, shape, data }: Tensor): void {
	if (!(data instanceof storage[type])) {
		throw new NaptuneError(
			'NAP_FEED_INVALID',
			`${given} with its data in a ${data?.constructor?.name}; use a ${storage[type].name}.`,
		)
	}
	if (data.length !== elementCount(shape)) {
		const reason = data.buffer.byteLength === 0 ? ' (was its buffer transferred by an earlier call?)' : ''
		throw new NaptuneError(
			'NAP_FEED_INVALID',
			`${given} with ${data.length} elements of data, expected ${elementCount(shape)}${reason}.`,
		)
	}
}

/** Matches one size against a number or a multiple of symbols, and remembers the value of each symbol. */
function unify(
	dimension: Dimension,
	size: number,
	input: string,
	sizes: Map<string, { readonly size: number; readonly from: string }>,
): string | undefined {
	if (typeof dimension === 'number') return dimension === size ? undefined : `size ${size} is not ${dimension}`
	let factor = 1
	const symbols: string[] = []
	for (const part of dimension.split('*')) {
		if (/^\d+$/.test(part)) factor *= Number(part)
		else symbols.push(part)
	}
	if (size % factor !== 0) return `size ${size} is not a multiple of ${factor}`
	const symbol = symbols.join('*')
	const before = sizes.get(symbol)
	if (before && before.size !== size / factor)
		return `${symbol} is ${size / factor} here and ${before.size} in ${before.from}`
	sizes.set(symbol, { size: size / factor, from: input })
	return undefined
}

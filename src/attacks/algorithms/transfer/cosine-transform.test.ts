import { describe, expect, it } from 'vitest'
import { doublesOf, relativeError } from '../../../files/golden.test.support.js'
import { generator } from '../../../random/counter-based.js'
import { cosineTransform } from './cosine-transform.js'

const golden = await doublesOf('fixtures/transfer-golden/transfer.safetensors')

describe('the cosine transform', () => {
	it.each([
		[1, 7],
		[6, 5],
		[12, 28],
		[9, 1],
		[16, 16],
	])('of %i x %i is that of SciPy, and its inverse undoes it', (height, width) => {
		const plane = Float64Array.from(golden.get(`plane.${height}x${width}`)!)
		const original = plane.slice()
		const transform = cosineTransform(height, width)
		transform.forward(plane)
		expect(relativeError(plane, golden.get(`spectrum.${height}x${width}`)!)).toBeLessThan(1e-13)
		transform.inverse(plane)
		expect(relativeError(plane, original)).toBeLessThan(1e-13)
	})

	it('keeps lengths at the size of real images', () => {
		const stream = generator(1, 'plane')
		const plane = Float64Array.from({ length: 224 * 224 }, () => stream.normal())
		const size = (values: Float64Array) => values.reduce((total, value) => total + value * value, 0)
		const before = size(plane)
		cosineTransform(224, 224).forward(plane)
		expect(Math.abs(size(plane) / before - 1)).toBeLessThan(1e-12)
	})
})

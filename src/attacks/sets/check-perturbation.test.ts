import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { float32 } from '../../core/tensor.js'
import { checkPerturbation, perturbationSizes } from './check-perturbation.js'

const clean = float32([3, 1, 1, 2], [0, 0.5, 1, 0.5, 0.25, 0.75])
const ids = ['a', 'b', 'c']

/** The clean images with one entry changed. */
function planted(index: number, value: number) {
	const data = clean.data.slice()
	data[index] = value
	return { ...clean, data }
}

describe('checkPerturbation', () => {
	it('accepts clean images and perturbations of size epsilon', () => {
		for (const norm of ['linf', 'l2'] as const) {
			checkPerturbation(clean, clean, { norm, epsilon: 0 })
			checkPerturbation(clean, planted(3, 0.625), { norm, epsilon: 0.125 })
			checkPerturbation(clean, planted(3, 0.625), { norm, epsilon: 0.125 - 0.9e-6 })
		}
	})

	it.each([
		[2, 1.0000001, /image of b lies outside .*entry 0 is 1.0000001/],
		[1, -1e-9, /image of a lies outside .*entry 1/],
		[4, Number.NaN, /image of c is not finite/],
		[5, Number.POSITIVE_INFINITY, /image of c is not finite/],
	])('names the image whose entry %d is %d', (index, value, message) => {
		for (const norm of ['linf', 'l2'] as const) {
			const check = () => checkPerturbation(clean, planted(index, value), { norm, epsilon: 1 }, ids)
			expect(check).toThrow(NaptuneError)
			expect(check).toThrow(message)
		}
	})

	it('names the image beyond epsilon in either norm', () => {
		const far = planted(3, 0.5 + 2 / 255)
		expect(() => checkPerturbation(clean, far, { norm: 'linf', epsilon: 1.9 / 255 }, ids)).toThrow(
			/image of b is 0\.007/,
		)
		expect(() => checkPerturbation(clean, far, { norm: 'l2', epsilon: 1.9 / 255 })).toThrow(/image of #1 is 0\.007/)
		const both = float32([3, 1, 1, 2], [0.375, 1, 1, 0.5, 0.25, 0.75])
		checkPerturbation(clean, both, { norm: 'linf', epsilon: 0.5 })
		expect(() => checkPerturbation(clean, both, { norm: 'l2', epsilon: 0.5 }, ids)).toThrow(/image of a is 0\.625/)
	})

	it('refuses images of another shape', () => {
		expect(() => checkPerturbation(clean, float32([6], clean.data), { norm: 'linf', epsilon: 1 })).toThrow(NaptuneError)
	})
})

it('perturbationSizes measures per image', () => {
	const moved = float32([3, 1, 1, 2], [0.375, 0, 1, 0.5, 0.25, 1])
	expect(perturbationSizes(clean, moved, 'linf')).toEqual([0.5, 0, 0.25])
	expect(perturbationSizes(clean, moved, 'l2')).toEqual([0.625, 0, 0.25])
})

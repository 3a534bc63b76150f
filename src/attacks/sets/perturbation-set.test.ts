import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { range } from '../../core/rows.js'
import { float32, type Tensor } from '../../core/tensor.js'
import { generator } from '../../random/counter-based.js'
import { perturbationSizes } from './check-perturbation.js'
import { perturbationSet } from './registry.js'
import type { Norm } from './threat-model.js'

const norms: readonly Norm[] = ['linf', 'l2']
const size = 12

/** Pixels of all sizes, with many on the border of the box. */
const pixel = fc.oneof(fc.constantFrom(0, 1), fc.float({ min: 0, max: 1, noNaN: true }))
const clean = fc
	.array(pixel, { minLength: 2 * size, maxLength: 2 * size })
	.map((data) => float32([2, 3, 2, 2], data.map(Math.abs)))
const slope = fc.oneof(fc.constant(0), fc.float({ noNaN: true, noDefaultInfinity: true }))
const gradient = fc.array(slope, { minLength: 2 * size, maxLength: 2 * size }).map((data) => Float32Array.from(data))
/** From far below the spacing of float32 to the whole box. */
const epsilon = fc.oneof(
	fc.constantFrom(0, 1, 1 / 255, 1e-8, 1e-40),
	fc.double({ min: 0, max: 1, noNaN: true, minExcluded: true }),
)

/** Without any tolerance: float64 measures of float32 pixels. */
function expectInside(center: Tensor<'float32'>, images: Float32Array, norm: Norm, radius: number): void {
	expect([...images].every((value) => value >= 0 && value <= 1)).toBe(true)
	for (const distance of perturbationSizes(center, { ...center, data: images }, norm)) {
		expect(distance).toBeLessThanOrEqual(radius)
	}
}

describe.each(norms)('the %s set', (norm) => {
	it('holds everything that its methods make, exactly', () => {
		fc.assert(
			fc.property(
				clean,
				epsilon,
				fc.array(gradient, { maxLength: 3 }),
				fc.double({ min: 1e-9, max: 3, noNaN: true }),
				fc.nat(),
				(center, radius, gradients, step, seed) => {
					const set = perturbationSet({ norm, epsilon: radius }, center)
					const images = center.data.slice()
					for (const row of [0, 1]) set.sample(images, row, generator(seed, row))
					expectInside(center, images, norm, radius)
					for (const one of gradients) {
						set.ascend(images, one, step)
						expectInside(center, images, norm, radius)
					}
					const elsewhere = images.map((value, index) => value + (((seed + index) % 5) - 2))
					set.project(elsewhere)
					expectInside(center, elsewhere, norm, radius)
				},
			),
			{ numRuns: 300 },
		)
	})

	it('moves nothing for a zero gradient or in a projection of its own points', () => {
		fc.assert(
			fc.property(clean, epsilon, fc.nat(), (center, radius, seed) => {
				const set = perturbationSet({ norm, epsilon: radius }, center)
				const images = center.data.slice()
				set.sample(images, 1, generator(seed))
				const before = images.slice()
				set.ascend(images, new Float32Array(images.length), 0.1)
				set.project(images)
				expect(images).toEqual(before)
				expect(images.subarray(0, size)).toEqual(center.data.subarray(0, size))
			}),
		)
	})

	it('is the clean image alone for epsilon 0', () => {
		fc.assert(
			fc.property(clean, gradient, (center, one) => {
				const set = perturbationSet({ norm, epsilon: 0 }, center)
				const images = center.data.slice()
				set.sample(images, 0, generator(1))
				set.ascend(images, one, 0.5)
				expect(images).toEqual(center.data)
			}),
		)
	})

	it('works on large images', () => {
		const stream = generator(3)
		const center = float32(
			[1, 3, 64, 64],
			range(0, 12288).map(() => stream.uniform()),
		)
		const images = center.data.slice()
		const set = perturbationSet({ norm, epsilon: 0.5 }, center)
		for (let step = 0; step < 5; step++) {
			set.ascend(
				images,
				Float32Array.from(images, () => stream.normal()),
				0.2,
			)
			expectInside(center, images, norm, 0.5)
		}
		expect(perturbationSizes(center, { ...center, data: images }, norm)[0]).toBeGreaterThan(0.4)
	})
})

describe('a step', () => {
	const center = float32([1, 3, 1, 1], [0.5, 0.02, 0.5])

	it('in L-infinity adds the sign of the gradient, cut to ball and box', () => {
		const images = center.data.slice()
		const set = perturbationSet({ norm: 'linf', epsilon: 0.1 }, center)
		set.ascend(images, Float32Array.of(1e-30, -7, 0), 0.06)
		expect([...images]).toEqual([Math.fround(0.56), 0, 0.5])
		set.ascend(images, Float32Array.of(3, -1, 0), 0.06)
		// The float32 next to 0.6 lies above it, outside the ball.
		expect([...images]).toEqual([Math.fround(0.6) - 2 ** -24, 0, 0.5])
	})

	it('in L2 goes along the unit gradient, is scaled back to epsilon, then cut to the box', () => {
		const images = center.data.slice()
		const set = perturbationSet({ norm: 'l2', epsilon: 0.1 }, center)
		set.ascend(images, Float32Array.of(3e-30, -4e-30, 0), 0.05)
		expect([...images]).toEqual([Math.fround(0.53), 0, 0.5])
		set.ascend(images, Float32Array.of(0, 0, 5), 1)
		const length = Math.hypot(0.03, 0.02, 1)
		const expected = [0.5 + (0.1 * 0.03) / length, 0.02 - (0.1 * 0.02) / length, 0.5 + 0.1 / length]
		images.forEach((value, index) => {
			expect(value).toBeCloseTo(expected[index]!, 6)
		})
	})
})

describe('random starts', () => {
	const count = 4000

	/** Changes of many images of three mid-grey pixels. */
	function changes(norm: Norm): Float32Array[] {
		const center = float32([1, 3, 1, 1], [0.5, 0.5, 0.5])
		const set = perturbationSet({ norm, epsilon: 0.25 }, center)
		return range(0, count).map((index) => {
			const images = center.data.slice()
			set.sample(images, 0, generator(4, index))
			return images.map((value) => (value - 0.5) / 0.25)
		})
	}

	it('are uniform in the L-infinity ball', () => {
		const values = changes('linf').flatMap((change) => [...change])
		const mean = values.reduce((sum, value) => sum + value, 0) / values.length
		const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length
		// Standard errors are 0.0053 and 0.0027.
		expect(Math.abs(mean)).toBeLessThan(0.02)
		expect(Math.abs(variance - 1 / 3)).toBeLessThan(0.01)
	})

	it('are uniform in the L2 ball: the cube of the radius is uniform, directions are balanced', () => {
		const points = changes('l2')
		const cubes = points.map((change) => Math.hypot(...change) ** 3)
		const mean = cubes.reduce((sum, value) => sum + value, 0) / count
		const variance = cubes.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count
		// Standard errors are 0.0046 and 0.0012.
		expect(Math.abs(mean - 1 / 2)).toBeLessThan(0.02)
		expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.005)
		for (const axis of [0, 1, 2]) {
			const average = points.reduce((sum, change) => sum + change[axis]!, 0) / count
			expect(Math.abs(average)).toBeLessThan(0.03)
		}
	})
})

import { describe, expect, it } from 'vitest'
import { float32 } from '../../core/tensor.js'
import { randomResizedCrop } from '../../images/augment.js'
import { ops } from '../../onnx/index.js'
import { generator } from '../../random/counter-based.js'
import { createEngine } from '../../runtime/index.js'
import { augmentedViews } from './views.js'

const size = 20
const options = { views: 9, smallestCrop: 0.08, seed: 5 }

/** A smooth picture whose channels differ, in bytes and in [0, 1]. */
function picture() {
	const rgb = Uint8Array.from({ length: size * size * 3 }, (_, at) => {
		const [pixel, channel] = [Math.floor(at / 3), at % 3]
		const [x, y] = [pixel % size, Math.floor(pixel / size)]
		return 127 + 100 * Math.sin(0.3 * x * (channel + 1) + 0.2 * y) * Math.cos(0.25 * y)
	})
	const area = size * size
	const pixels = Float32Array.from({ length: 3 * area }, (_, at) => rgb[(at % area) * 3 + Math.floor(at / area)]! / 255)
	return { rgb, pixels }
}

describe('augmented views', () => {
	it('are the image itself, then the random resized crops of training but for rounding to 8 bits', async () => {
		const { rgb, pixels } = picture()
		const engine = await createEngine({ threads: 1 })
		const input = ops.input('pixels', 'float32', [1, 3, size, size])
		const program = await engine.compile({ views: augmentedViews(input, options) })
		const { views } = await program.run({ pixels: float32([1, 3, size, size], pixels) })
		await engine.close()
		expect(views!.shape).toEqual([9, 3, size, size])
		const own = (view: number) => views!.data.slice(view * pixels.length, (view + 1) * pixels.length) as Float32Array
		expect([...own(0)]).toEqual([...pixels])
		for (let view = 1; view < 9; view++) {
			const stream = generator(5, 'test-time view', view - 1)
			const expected = randomResizedCrop({ width: size, height: size, rgb }, { size, resample: 'bilinear' }, stream)
			// Pillow rounds to whole levels after each of its two passes.
			const worst = Math.max(...own(view).map((value, at) => Math.abs(value - expected[at]!)))
			expect(worst, `view ${view}`).toBeLessThan(1.01 / 255)
			expect(worst, `view ${view}`).toBeGreaterThan(0)
		}
	})

	it('is the image alone where one view is asked for', () => {
		const input = ops.input('pixels', 'float32', [1, 3, size, size])
		expect(augmentedViews(input, { ...options, views: 1 })).toBe(input)
	})
})

import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { toFloat16, toFloat32 } from './float-formats.js'
import { readSafetensorsTensors } from './safetensors.js'

const fixture = fileURLToPath(new URL('../../fixtures/checkpoints/every-type.safetensors', import.meta.url))

describe('float formats', () => {
	it('rounds to half precision as numpy does', async () => {
		const tensors = await readSafetensorsTensors(fixture, ['values', 'rounded'])
		const values = new Float32Array(tensors.get('values')!.data.buffer)
		const rounded = new Uint16Array(tensors.get('rounded')!.data.buffer)
		expect(values.length).toBeGreaterThan(2000)
		expect(toFloat16(values)).toEqual(rounded)
	})

	it('brings every half precision number back unchanged', () => {
		const halves = Uint16Array.from({ length: 65536 }, (_, i) => i)
		const wide = toFloat32('F16', new Uint8Array(halves.buffer))
		const back = toFloat16(wide)
		halves.forEach((half) => {
			const notANumber = (half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0
			if (notANumber) expect(wide[half]).toBeNaN()
			else if (back[half] !== half) expect.fail(`${half} became ${back[half]}`)
		})
		expect([wide[0x0001], wide[0x3c00], wide[0x7bff], wide[0xfc00]]).toEqual([2 ** -24, 1, 65504, -Infinity])
		expect(toFloat16(Float32Array.of(NaN))[0]! & 0x7fff).toBeGreaterThan(0x7c00)
	})

	it('reads bfloat16, float64 and float32 at any alignment', async () => {
		const tensors = await readSafetensorsTensors(fixture, ['bfloat16', 'float64', 'scalar'])
		const unaligned = (bytes: Uint8Array) => new Uint8Array([0, ...bytes]).subarray(1)
		const read = (name: string, dtype: 'BF16' | 'F64' | 'F32') => [
			...toFloat32(dtype, unaligned(tensors.get(name)!.data)),
		]
		expect(read('bfloat16', 'BF16')).toEqual([1.5, -2.25, Math.fround(3.00405527e38)])
		expect(read('float64', 'F64')).toEqual([1 / 3, 0, -1e30, 0.1].map(Math.fround))
		expect(read('scalar', 'F32')).toEqual([Math.fround(4.6052)])
	})
})

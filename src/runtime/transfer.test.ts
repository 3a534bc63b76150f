import { expect, it } from 'vitest'
import { float32 } from '../core/tensor.js'
import { movable } from './transfer.js'

it('copies unless the buffer is handed over', () => {
	const value = float32([2], [1, 2])
	expect(movable(value, true).buffer).toBe(value.data.buffer)
	const copied = movable(value, false)
	expect(copied.buffer).not.toBe(value.data.buffer)
	expect(copied.tensor).toEqual(value)
})

it('never moves a view of a larger or shared buffer', () => {
	const file = Float32Array.of(9, 1, 2, 9)
	const view = movable(float32([2], file.subarray(1, 3)), true)
	expect(view.buffer.byteLength).toBe(8)
	expect(view.tensor.data).toEqual(Float32Array.of(1, 2))
	const shared = new Float32Array(new SharedArrayBuffer(8))
	expect(movable({ type: 'float32', shape: [2], data: shared as Float32Array<never> }, true).buffer).toBeInstanceOf(
		ArrayBuffer,
	)
})

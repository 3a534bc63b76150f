import { describe, expect, it } from 'vitest'
import { at, entry, last, present } from './at.js'
import { defined } from './defined.js'

describe('defined', () => {
	it('leaves out what is undefined and keeps the order and all other values', () => {
		const fields = defined({ b: 1, a: undefined as number | undefined, c: null, d: 0, e: false })
		expect(JSON.stringify(fields)).toBe('{"b":1,"c":null,"d":0,"e":false}')
		expect('a' in fields).toBe(false)
	})
})

describe('reads of what cannot be missing', () => {
	it('gives the value', () => {
		expect(at([3, 4], 1)).toBe(4)
		expect(at(Float32Array.of(0), 0)).toBe(0)
		expect(last('ab')).toBe('b')
		expect(entry({ x: 0 }, 'x')).toBe(0)
		expect(present(0, 'number')).toBe(0)
		expect(entry(new Map([['x', null]]), 'x')).toBe(null)
	})

	it('says what is missing', () => {
		expect(() => at([], 0)).toThrow('no element 0 among 0')
		expect(() => last([])).toThrow(RangeError)
		expect(() => entry({}, 'x')).toThrow('no entry x')
		expect(() => present(undefined, 'curve')).toThrow('There is no curve.')
	})
})

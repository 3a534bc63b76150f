import { describe, expect, it } from 'vitest'
import { parseEpsilon } from './threat-model.js'

describe('parseEpsilon', () => {
	it.each([
		['.03', 0.03],
		['0.03', 0.03],
		['3.', 3],
		['8/255', 8 / 255],
		[' .5 / 255 ', 0.5 / 255],
		['1e-2', 0.01],
		['5E+0/255.', 5 / 255],
		['0', 0],
	])('reads %s', (text, value) => {
		expect(parseEpsilon(text)).toBe(value)
	})

	it.each(['', '.', '-1', '+1', '1/0', '1e400', '0x10', 'one', '1/2/3', '1,5'])('refuses %j', (text) => {
		expect(() => parseEpsilon(text)).toThrow('must be a number or a fraction such as 1/255')
	})
})

import { expect, it } from 'vitest'
import { roundHalfEven } from './round-half-even.js'

it.each([
	[0.5, 0],
	[1.5, 2],
	[2.5, 2],
	[3.5, 4],
	[-0.5, 0],
	[-1.5, -2],
	[2.4999, 2],
	[2.5001, 3],
	[7, 7],
	[0.49999999999999994, 0],
])('rounds %d to %d', (value, rounded) => {
	expect(roundHalfEven(value) + 0).toBe(rounded)
})

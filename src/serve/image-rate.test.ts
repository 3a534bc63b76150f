import { expect, it } from 'vitest'
import { imageRate } from './image-rate.js'

it('tells when so many pictures are done, by what was done in the last seconds', () => {
	let seconds = 0
	const rate = imageRate(() => seconds)
	expect(rate.secondsFor(1000)).toBe(1)
	for (; seconds < 8; seconds++) rate.count(10)
	expect(rate.secondsFor(100)).toBe(10)
	expect(rate.secondsFor(1)).toBe(1)
	expect(rate.secondsFor(1e6)).toBe(60)
	seconds = 100
	expect(rate.secondsFor(1000)).toBe(1)
})

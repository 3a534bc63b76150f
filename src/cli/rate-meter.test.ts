import { describe, expect, it } from 'vitest'
import { rateMeter } from './rate-meter.js'

describe('rateMeter', () => {
	it('knows nothing before the first progress', () => {
		const meter = rateMeter(0, 0)
		expect(meter.rate()).toBeUndefined()
		meter.record(0, 5)
		expect(meter.remaining(10)).toBeUndefined()
	})

	it('does not count what was done before a resume', () => {
		const meter = rateMeter(900, 0)
		meter.record(910, 10)
		expect(meter.rate()).toBe(1)
		expect(meter.remaining(1000)).toBe(90)
	})

	it('forgets a slow start', () => {
		const meter = rateMeter(0, 0)
		meter.record(1, 100)
		for (let second = 101; second <= 140; second++) meter.record(1 + (second - 100) * 10, second)
		expect(meter.rate()).toBeCloseTo(10, 6)
	})

	it('keeps a rate when progress comes less often than its memory', () => {
		const meter = rateMeter(0, 0)
		meter.record(1, 100)
		meter.record(2, 200)
		expect(meter.rate()).toBeCloseTo(0.01, 6)
	})

	it('has nothing left to do at the total', () => {
		const meter = rateMeter(0, 0)
		meter.record(10, 1)
		expect(meter.remaining(10)).toBe(0)
	})
})

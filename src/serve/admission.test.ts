import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAdmission, type Ticket } from './admission.js'

describe('admission', () => {
	it('bounds pictures and bytes, and forgets what left', () => {
		const admission = createAdmission({ images: 3, bytes: 100 })
		const first = admission.enter(60)
		expect(admission.enter(50)).toBeUndefined()
		const second = admission.enter(40)
		expect(first?.take(3)).toBe(false)
		expect(first?.take(2)).toBe(true)
		expect(admission.enter(0)).toBeUndefined()
		second?.leave()
		second?.leave()
		expect(admission.images).toBe(2)
		expect(admission.requests).toBe(1)
		expect(admission.enter(40)).toBeDefined()
	})

	it('takes a body larger than the bound where nothing else is under way', () => {
		const admission = createAdmission({ images: 3, bytes: 100 })
		const large = admission.enter(500)
		expect(large).toBeDefined()
		expect(admission.enter(1)).toBeUndefined()
		large?.leave()
		expect(admission.enter(1)).toBeDefined()
	})

	it('never holds more than its bounds, and ends empty', () => {
		const step = fc.oneof(
			fc.record({ kind: fc.constant('enter' as const), value: fc.nat(60) }),
			fc.record({ kind: fc.constant('take' as const), value: fc.integer({ min: 1, max: 8 }) }),
			fc.record({ kind: fc.constant('leave' as const), value: fc.nat(8) }),
		)
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
				const admission = createAdmission({ images: 7, bytes: 100 })
				const tickets: Ticket[] = []
				for (const { kind, value } of steps) {
					if (kind === 'enter') {
						const ticket = admission.enter(value)
						if (ticket) tickets.push(ticket)
					} else if (kind === 'take') tickets.at(-1)?.take(value)
					else tickets[value % Math.max(1, tickets.length)]?.leave()
					expect(admission.images).toBeLessThanOrEqual(7)
					expect(admission.images).toBeGreaterThanOrEqual(admission.requests)
				}
				for (const ticket of tickets) ticket.leave()
				expect([admission.images, admission.requests]).toEqual([0, 0])
			}),
		)
	})
})

import { expect, it } from 'vitest'
import { slots } from './slots.js'

it('does so many things at a time, in order, also after one has failed', async () => {
	const inSlot = slots(2)
	const log: string[] = []
	let running = 0
	let most = 0
	const doing = Array.from({ length: 6 }, (_, index) =>
		inSlot(async () => {
			log.push(`begin ${index}`)
			most = Math.max(most, ++running)
			await new Promise((resolve) => setImmediate(resolve))
			running--
			if (index === 1) throw new Error('of number 1')
			return index
		}),
	)
	const results = await Promise.allSettled(doing)
	expect(most).toBe(2)
	expect(log).toEqual([0, 1, 2, 3, 4, 5].map((index) => `begin ${index}`))
	expect(results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason)))).toEqual([
		0,
		'Error: of number 1',
		2,
		3,
		4,
		5,
	])
})

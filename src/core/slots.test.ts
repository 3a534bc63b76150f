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

it('runs so much at a time, in order, and goes on after a failure', async () => {
	const slot = slots(2)
	const begun: number[] = []
	const ends: (() => void)[] = []
	const work = Array.from({ length: 5 }, (_, index) =>
		slot(async () => {
			begun.push(index)
			await new Promise<void>((resolve) => ends.push(resolve))
			if (index === 0) throw new Error('first')
			return index
		}),
	)
	const settled = Promise.allSettled(work)
	for (let done = 0; done < 5; done++) {
		await new Promise((resolve) => setTimeout(resolve))
		expect(begun).toEqual([0, 1, 2, 3, 4].slice(0, Math.min(5, done + 2)))
		ends[done]?.()
	}
	expect((await settled).map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))).toEqual([
		'failed',
		1,
		2,
		3,
		4,
	])
})

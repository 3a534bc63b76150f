import { expect, it } from 'vitest'
import { loadAhead } from './load-ahead.js'

it('has the next ones on their way while one is used, and no more', async () => {
	const begun: number[] = []
	const load = async (key: number) => {
		begun.push(key)
		return `image ${key}`
	}
	const seen: string[] = []
	for await (const [key, thing] of loadAhead([5, 6, 7, 8], load, 2)) {
		seen.push(thing)
		expect(begun).toEqual([5, 6, 7, 8].slice(0, key - 5 + 3))
	}
	expect(seen).toEqual(['image 5', 'image 6', 'image 7', 'image 8'])
})

it('tells an error in its turn, and loads nothing after it is left', async () => {
	const begun: number[] = []
	const load = async (key: number) => {
		begun.push(key)
		if (key === 1) throw new Error('image 1 is damaged')
		return key
	}
	const seen: number[] = []
	const all = async () => {
		for await (const [key] of loadAhead([0, 1, 2, 3], load)) seen.push(key)
	}
	await expect(all()).rejects.toThrow('image 1 is damaged')
	expect(seen).toEqual([0])
	begun.length = 0
	for await (const [key] of loadAhead([0, 1, 2, 3], load)) if (key === 0) break
	expect(begun).toEqual([0, 1])
})

it('begins nothing before it is asked', async () => {
	let begun = 0
	const things = loadAhead([0, 1], async () => begun++)
	await Promise.resolve()
	expect(begun).toBe(0)
	expect(await things.next()).toEqual({ done: false, value: [0, 0] })
})

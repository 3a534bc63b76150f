import { describe, expect, it } from 'vitest'
import { createVocabularies } from './vocabularies.js'

function counting({ kept = 2, mostWaiting = 3 } = {}) {
	const built: string[] = []
	const released: string[] = []
	const vocabularies = createVocabularies({
		kept,
		mostWaiting,
		async build(classNames) {
			await Promise.resolve()
			if (classNames.includes('bad')) throw new Error('bad name')
			const name = classNames.join()
			built.push(name)
			return {
				classNames,
				logits: async () => [],
				async release() {
					released.push(name)
				},
			}
		},
	})
	const use = async (...classNames: string[]) => (await vocabularies.lease(classNames)).end()
	return { vocabularies, built, released, use }
}

describe('vocabularies', () => {
	it('are computed once, also when several ask at the same time', async () => {
		const { vocabularies, built } = counting()
		const leases = await Promise.all([1, 2, 3].map(() => vocabularies.lease(['a', 'b'])))
		expect(new Set(leases.map(({ vocabulary }) => vocabulary)).size).toBe(1)
		expect(built).toEqual(['a,b'])
	})

	it('tell lists apart that look alike when joined', async () => {
		const { built, use } = counting()
		await use('a,b')
		await use('a', 'b')
		expect(built).toHaveLength(2)
	})

	it('are forgotten when others were used later, but not while they are used', async () => {
		const { vocabularies, built, released, use } = counting()
		const held = await vocabularies.lease(['a'])
		await use('b')
		await use('c')
		expect(released).toEqual([])
		held.end()
		held.end()
		await Promise.resolve()
		expect(released).toEqual(['a'])
		await use('b')
		await use('d')
		await Promise.resolve()
		expect(released).toEqual(['a', 'c'])
		await use('a')
		expect(built).toEqual(['a', 'b', 'c', 'd', 'a'])
	})

	it('refuse more than may wait, and take them again later', async () => {
		const { vocabularies, use } = counting()
		const leases = ['a', 'b', 'c'].map((name) => vocabularies.lease([name]))
		await expect(vocabularies.lease(['d'])).rejects.toMatchObject({ code: 'NAP_SERVER_BUSY' })
		for (const lease of leases) (await lease).end()
		await use('d')
	})

	it('keep no list that could not be computed, and go on', async () => {
		const { use, built } = counting()
		await expect(use('bad')).rejects.toThrow('bad name')
		await expect(use('bad')).rejects.toThrow('bad name')
		await use('good')
		expect(built).toEqual(['good'])
	})
})

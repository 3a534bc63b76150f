import { expect, it } from 'vitest'
import { inserts } from './inserts/all.js'
import { fillMarkers, insertNames, withoutGenerated } from './markers.js'
import { rootText } from './root.js'
import { pagePaths } from './written.js'

const made = new Map([['number', () => '7']])

it('fills a passage within a sentence and one of its own lines, again and again', async () => {
	const page =
		'There are <!-- generated: number --><!-- /generated --> of:\n\n<!-- generated: number -->\n<!-- /generated -->\n'
	const filled = await fillMarkers(page, made)
	expect(filled).toBe(
		'There are <!-- generated: number -->7<!-- /generated --> of:\n\n<!-- generated: number -->\n\n7\n\n<!-- /generated -->\n',
	)
	expect(await fillMarkers(filled, made)).toBe(filled)
	expect(withoutGenerated(filled)).toBe('There are  of:\n\n\n')
})

it('refuses a name that does not exist, and a passage without an end', async () => {
	await expect(fillMarkers('<!-- generated: nothing --><!-- /generated -->', made)).rejects.toThrow(/called nothing/)
	await expect(fillMarkers('<!-- generated: number -->', made)).rejects.toThrow(/1 passages begin, but 0 end/)
})

it('makes no passage that no page shows', async () => {
	const shown = new Set((await Promise.all((await pagePaths()).map(rootText))).flatMap(insertNames))
	expect([...inserts.keys()].filter((name) => !shown.has(name))).toEqual([])
})

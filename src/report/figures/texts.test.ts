import { describe, expect, it } from 'vitest'
import { experimentResult } from './experiment.test.support.js'
import { experimentFigures } from './experiment-figures.js'
import { extremesText, highestText } from './texts.js'

describe('sentences about the highest', () => {
	it('name all that a reader sees as equal', () => {
		const values = [
			{ name: 'a', value: 0.8 },
			{ name: 'b', value: 0.80001 },
			{ name: 'c', value: 0.1 },
		]
		expect(extremesText(values)).toBe('a and b have the highest accuracy with 80.0 %, c the lowest with 10.0 %')
		expect(extremesText(values.slice(0, 2))).toBe('all have 80.0 %')
		expect(extremesText(values.slice(2))).toBe('c has 10.0 %')
		const many = Array.from({ length: 5 }, (_, at) => ({ name: `m${at}`, value: 0 }))
		expect(extremesText([...many, values[2]!])).toBe(
			'c has the highest accuracy with 10.0 %, 5 of them the lowest with 0.0 %',
		)
		const places = ['x', 'y', 'z'].map((place) => ({ place, values }))
		expect(highestText('clean', places)).toBe('Highest accuracy clean: a on 3 and b on 3 of 3 data sets.')
	})
})

describe('names of figures', () => {
	it('are never the same and never longer than a file system takes', async () => {
		const datasets = ['my data', 'my_data', '数据', '資料', 'x'.repeat(400)]
		const figures = await experimentFigures(experimentResult({ datasets }), '/nonexistent')
		const names = figures.map(({ name }) => name)
		expect(names.length).toBeGreaterThan(datasets.length)
		expect(new Set(names).size).toBe(names.length)
		for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
		expect(Math.max(...names.map((name) => name.length))).toBeLessThan(200)
	})
})

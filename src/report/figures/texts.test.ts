import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { figureSvg, pngOfSvg } from '../figure.js'
import { learningCurvesFigure } from '../learning-curves-figure.js'
import { experimentResult } from './experiment.test.support.js'
import { experimentFigures } from './experiment-figures.js'
import { cutLines } from './panels/layout.js'
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

const layers = { name: 'layers', title: 'layers with prompts', values: [1, 2], scale: 'linear' } as const

describe('notes below titles', () => {
	it('are lines, not words below each other', () => {
		const epoch = {
			epoch: 0,
			images: 8,
			cleanLoss: 1,
			adversarialLoss: 2,
			cleanAccuracy: 0.5,
			adversarialAccuracy: 0.25,
			alpha: 3,
			learningRate: 0.1,
		}
		const { title } = learningCurvesFigure({ directory: '', epochs: [epoch] }, 'nap on 8 images of photos, seed 1.')
		expect((title as { subtitle: string[] }).subtitle).toEqual([
			'nap on 8 images of photos, seed 1.',
			'Means over the training images of an epoch, while the parameters change.',
		])
	})
})

describe('texts that are very long', () => {
	it('are cut, and told apart all the same', async () => {
		const long = 'very-long-name-without-end-'.repeat(200)
		const methods = ['vanilla', `${long}a`, `${long}b`]
		const result = experimentResult({ datasets: [`${long}1`, `${long}2`], methods, axis: layers, layout: 'matrix' })
		const [figure] = await experimentFigures(result, '/nonexistent')
		const svg = await figureSvg(figure!.figure)
		const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(svg)!.map(Number)
		expect(Math.max(width!, height!)).toBeLessThan(4000)
		expect(new Set(figure!.table!.rows.map(({ cells }) => `${cells[0]!.text} ${cells[1]!.text}`)).size).toBe(
			figure!.table!.rows.length,
		)
		expect(cutLines('ab cdefgh i', 3)).toEqual(['ab', 'cde', 'fgh', 'i'])
	})

	it('do not make a PNG that cannot be drawn', async () => {
		const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="10"><rect width="9" height="9"/></svg>'
		const { width } = await sharp(await pngOfSvg(svg)).metadata()
		expect(width).toBeGreaterThan(10_000)
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

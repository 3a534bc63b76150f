import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { figureSvg, isFigureFile, writeFigure } from './figure.js'
import { figureConfig, grid, lineStyles, textLines } from './figure-style.js'
import { linePanel } from './line-panel.js'
import { sparkline } from './sparkline.js'

const lines = ['one', 'two']
const panel = linePanel({
	points: lines.flatMap((line, at) =>
		[1, 2, 3].map((x) => ({ line, x, y: x * at, low: x * at - 1, high: x * at + 1 })),
	),
	lines,
	title: 'a panel',
	yTitle: ['height / m'],
	xTitle: 'time / s',
	width: 200,
	height: 100,
})
const figure = { title: { text: 'A figure' }, config: figureConfig, ...grid(2), concat: [panel, panel] }

describe('writeFigure', () => {
	it('draws titles, axes and every line in its own colour and dash, without warnings', async () => {
		const warn = vi.spyOn(console, 'warn')
		const svg = await figureSvg(figure)
		expect(warn).not.toHaveBeenCalled()
		warn.mockRestore()
		for (const text of ['A figure', 'a panel', 'height / m', 'time / s', ...lines]) expect(svg).toContain(`>${text}<`)
		for (const { color } of lineStyles.slice(0, 2)) expect(svg).toContain(`stroke="${color}"`)
		expect(svg).toContain('stroke-dasharray="6,3"')
		expect(svg).toContain('fill="white"')
		expect(await figureSvg(figure)).toBe(svg)
	})

	it('leaves control characters of titles out, with which no SVG could be read', async () => {
		const title = 'bad \x1b[31m\0 \x9b\u202e\ufffe name'
		const folder = await temporaryFolder()
		const named = { ...figure, title: { text: title } }
		expect(await figureSvg(named)).toContain('>bad [31m  name<')
		await writeFigure(named, join(folder, 'a.png'))
		expect((await sharp(join(folder, 'a.png')).metadata()).format).toBe('png')
	})

	it('writes what the ending says', async () => {
		const folder = await temporaryFolder()
		const [svg, png] = [join(folder, 'a.svg'), join(folder, 'a.PNG')]
		await writeFigure(figure, svg, png)
		const text = await readFile(svg, 'utf8')
		expect(text).toBe(await figureSvg(figure))
		const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(text)!
		const image = await sharp(png).metadata()
		expect([image.format, image.width, image.height]).toEqual(['png', 2 * Number(width), 2 * Number(height)])
		const { dominant } = await sharp(png).stats()
		expect(Math.min(dominant.r, dominant.g, dominant.b)).toBeGreaterThan(240)
		await expect(writeFigure(figure, join(folder, 'a.pdf'))).rejects.toThrow(/it must end in \.svg or \.png/)
		expect(['x.svg', 'x.png', 'x.pdf', 'svg'].map(isFigureFile)).toEqual([true, true, false, false])
	})
})

describe('textLines', () => {
	it('breaks between words only', () => {
		const text = `${'word '.repeat(40)}${'x'.repeat(120)} end`
		expect(textLines(text).join(' ')).toBe(text)
		expect(textLines(text).filter((line) => line.length > 95)).toEqual(['x'.repeat(120)])
		expect(textLines('short')).toEqual(['short'])
	})
})

describe('sparkline', () => {
	it.each([
		[[0, 1, 2, 3, 4, 5, 6, 7], 8, '▁▂▃▄▅▆▇█'],
		[[0, 0, 7, 7], 2, '▁█'],
		[[5, 5, 5], 8, '▅▅▅'],
		[[null, 1, 2], 8, ' ▁█'],
		[[null, 3, 1, 1], 2, '█▁'],
		[[], 8, ''],
	])('of %j in %i characters', (values, width, expected) => {
		expect(sparkline(values, width)).toBe(expected)
	})
})

/** Figures: a Vega-Lite specification becomes SVG or PNG, without a browser. */

import { extname } from 'node:path'
import type { TopLevelSpec } from 'vega-lite'
import { NaptuneError } from '../core/errors.js'
import { plainText } from '../core/plain-text.js'
import { writeFileAtomic } from '../files/atomic-write.js'

/**
 * A figure as data: a Vega-Lite specification. Its makers check it with `satisfies TopLevelSpec`. Our declarations avoid
 * that type, because the library's do not compile under `exactOptionalPropertyTypes`.
 */
export type Figure = Readonly<Record<string, unknown>>

/** Dots per inch of a PNG; the renderer treats a figure's unit as 1/72 inch. */
const dotsPerInch = 144

/** The figure as an SVG document. */
export async function figureSvg(figure: Figure): Promise<string> {
	// The library is large, and most commands draw nothing.
	const [{ parse, View, Warn }, { compile }] = await Promise.all([import('vega'), import('vega-lite')])
	const view = new View(parse(compile(withoutSeparators(figure)).spec), { renderer: 'none', logLevel: Warn })
	try {
		return `${plainText(await view.toSVG(), 'removed')}\n`
	} finally {
		view.finalize()
	}
}

/** Removes line and paragraph separators, which end a line in the library's expressions even inside strings. */
function withoutSeparators(figure: Figure): TopLevelSpec {
	return JSON.parse(JSON.stringify(figure).replaceAll(/[\u2028\u2029]/g, ' ')) as TopLevelSpec
}

/** Maximum dots on the longer side of a PNG; the renderer's limit is twice as high. */
const mostDots = 16_000

/** Converts an SVG document to PNG, with two dots per unit, or fewer if it would be very large. */
export async function pngOfSvg(svg: string): Promise<Buffer> {
	const size = /<svg\b[^>]*\bwidth="([\d.]+)" height="([\d.]+)"/.exec(svg)
	const longest = Math.max(1, Number(size?.[1] ?? 1), Number(size?.[2] ?? 1))
	const density = Math.max(1, Math.min(dotsPerInch, Math.floor((72 * mostDots) / longest)))
	const { default: sharp } = await import('sharp')
	return sharp(Buffer.from(svg), { density }).png({ compressionLevel: 9 }).toBuffer()
}

/** Whether {@link writeFigure} writes files of that name. */
export function isFigureFile(path: string): boolean {
	return ['.svg', '.png'].includes(extname(path).toLowerCase())
}

/**
 * Writes a figure atomically, in the format that each path ends in.
 * @param paths One or more, in existing folders, each ending in .svg or .png.
 * @throws NaptuneError for another ending, or when a file cannot be written.
 */
export async function writeFigure(figure: Figure, ...paths: readonly string[]): Promise<void> {
	const wrong = paths.find((path) => !isFigureFile(path))
	if (wrong !== undefined)
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`${wrong} is not a file name for a figure; it must end in .svg or .png.`,
		)
	const svg = await figureSvg(figure)
	for (const path of paths) {
		await writeFileAtomic(path, extname(path).toLowerCase() === '.svg' ? svg : await pngOfSvg(svg))
	}
}

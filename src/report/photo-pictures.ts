/** Draws pictures of one photo under attack: single files, and one contact sheet. */

import { encodeXML } from 'entities'
import { at } from '../core/at.js'
import { plainText } from '../core/plain-text.js'
import type { DecodedImage } from '../images/decoded-image.js'
import { magnified, picture } from './gallery-images.js'
import { percentText } from './number-text.js'

/** One picture of a sheet, with lines of text below it. */
export interface SheetCell {
	readonly title: string
	readonly png: Buffer
	readonly lines: readonly SheetLine[]
}

/** A line of text. */
export interface SheetLine {
	readonly text: string
	/** `good`: still the correct class; `bad`: another one. */
	readonly tone?: 'plain' | 'good' | 'bad'
}

/** The content of a sheet, by rows. */
export interface Sheet {
	readonly heading: string
	readonly rows: readonly (readonly SheetCell[])[]
	/** Notes below all rows. */
	readonly notes: readonly string[]
	/** Width of a picture in dots; default {@link sheetCellSize}. */
	readonly cellSize?: number
	/** Font size of the notes; default 18. */
	readonly noteSize?: number
}

/** Distance of the largest difference from mid-grey, of 127 levels, so that no colour reaches the end of the scale. */
const shownAtMost = 96

/** The integer factor that magnifies differences without saturating the scale; 1 if nothing changed. */
export function differenceFactor(before: Float32Array, ...after: readonly Float32Array[]): number {
	let largest = 0
	for (const pixels of after) {
		for (const [index, value] of pixels.entries()) largest = Math.max(largest, Math.abs(value - at(before, index)))
	}
	return largest > 0 ? Math.max(1, Math.floor(shownAtMost / (255 * largest) + 1e-3)) : 1
}

/** Pixels [3, size, size] as PNG, with enough dots per pixel that the picture is at least `least` dots wide. */
export async function pixelsPng(pixels: Float32Array, size: number, least = size): Promise<Buffer> {
	// Round, because truncation would lower levels just below a whole number.
	const levels = pixels.map((value) => (Math.round(255 * value) + 0.25) / 255)
	return (await picture(levels, size, size, Math.max(1, Math.ceil(least / size)))).png
}

/** The magnified difference as PNG, mid-grey where nothing changed. */
export async function differencePng(
	before: Float32Array,
	after: Float32Array,
	size: number,
	factor: number,
	least = size,
): Promise<Buffer> {
	return pixelsPng(magnified(before, after, factor), size, least)
}

/** A picture at its own size as PNG. */
export async function imagePng({ width, height, rgb }: DecodedImage): Promise<Buffer> {
	const { default: sharp } = await import('sharp')
	return sharp(rgb, { raw: { width, height, channels: 3 } })
		.png({ compressionLevel: 9 })
		.toBuffer()
}

/** What a model sees, as a line: `vanilla: ship 93.4 %`. */
export function sightLine(
	model: string,
	seen: { readonly className: string; readonly probability: number; readonly index: number },
	label: number | undefined,
): SheetLine {
	const tone = label === undefined ? 'plain' : seen.index === label ? 'good' : 'bad'
	return { text: `${model}: ${seen.className} ${percentText(seen.probability)}`, tone }
}

/** Style of a sheet: a card that suits light and dark pages; sizes in dots. */
const look = {
	cell: 288,
	gap: 24,
	margin: 28,
	line: 32,
	font: 'Helvetica, Arial, "DejaVu Sans", sans-serif',
	card: '#f4f5f7',
	edge: '#c3c9d1',
	text: '#1b1f24',
	faint: '#57606a',
	good: '#0b6b3a',
	bad: '#b3261e',
} as const

/** Width of a picture on a sheet, in dots. */
export const sheetCellSize: number = look.cell

/** A sheet as PNG. Long texts are narrowed to fit; control characters appear as escapes. */
export async function sheetPng(sheet: Sheet): Promise<Buffer> {
	const { default: sharp } = await import('sharp')
	return sharp(Buffer.from(sheetSvg(sheet)))
		.png({ compressionLevel: 9 })
		.toBuffer()
}

/** A sheet as an SVG document. */
export function sheetSvg({ heading, rows, notes, cellSize: cell = sheetCellSize, noteSize = 18 }: Sheet): string {
	const { gap, margin, line, card, edge } = look
	const columns = Math.max(...rows.map((row) => row.length))
	const width = 2 * margin + columns * cell + (columns - 1) * gap
	const inner = width - 2 * margin
	const parts: string[] = []
	let y = margin
	if (heading !== '') {
		parts.push(textAt(margin, y + 24, { text: heading }, inner, 26, true))
		y += 24 + gap
	}
	for (const row of rows) {
		const lines = Math.max(...row.map((one) => one.lines.length))
		for (const [column, one] of row.entries()) {
			const x = margin + column * (cell + gap)
			parts.push(
				textAt(x, y + 22, { text: one.title }, cell, 22, true),
				`<image x="${x}" y="${y + line}" width="${cell}" height="${cell}" href="data:image/png;base64,${one.png.toString('base64')}"/>`,
				`<rect x="${x}" y="${y + line}" width="${cell}" height="${cell}" fill="none" stroke="${edge}"/>`,
				...one.lines.map((text, index) => textAt(x, y + line + cell + (index + 1) * line - 4, text, cell, 24)),
			)
		}
		y += line + cell + lines * line + gap
	}
	for (const note of notes) {
		parts.push(textAt(margin, y + 12, { text: note }, inner, noteSize, false, look.faint))
		y += noteSize + 10
	}
	const height = Math.round(y + margin - gap / 2)
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family='${look.font}'>`,
		`<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="14" fill="${card}" stroke="${edge}"/>`,
		...parts,
		'</svg>',
	].join('\n')
}

/** A text within a maximum width in dots; wider texts get a smaller font. */
function textAt(
	x: number,
	y: number,
	{ text, tone = 'plain' }: SheetLine,
	width: number,
	size: number,
	bold = false,
	colour: string = tone === 'plain' ? look.text : look[tone],
): string {
	const shown = plainText(text, 'shown').replace(/\s+/g, ' ')
	// The mean width of letters is an estimate; if it is too small, the margin absorbs the rest.
	const fitting = Math.min(size, width / (Math.max(1, shown.length) * (bold ? 0.56 : 0.52)))
	return `<text x="${x}" y="${y}" font-size="${fitting.toFixed(1)}"${bold ? ' font-weight="bold"' : ''} fill="${colour}">${encodeXML(shown)}</text>`
}

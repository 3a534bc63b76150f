/** The frame of a figure: its head and how its panels are placed. */

import { figureConfig, grid, textLines } from '../../figure-style.js'

/** Panels side by side in figures of lines. */
export const mostColumns = 3

/** The part of a specification around its panels. */
interface Frame {
	readonly title: { readonly text: string[]; readonly subtitle: string[] }
	readonly config: typeof figureConfig & { readonly aria: false; readonly mark: { readonly aria: false } }
	readonly columns: number
	readonly bounds: 'flush'
	readonly spacing: { readonly row: number; readonly column: number }
}

/**
 * What a figure has around its panels.
 * @param width Of all panels side by side. Text is broken for it: its own width is only estimated, 0.8 of the font's size
 * per character.
 */
export function figureFrame(
	title: string,
	notes: readonly string[],
	columns: number,
	width: number,
	spacing: { readonly row?: number; readonly column?: number } = {},
): Frame {
	const room = Math.max(360, width)
	return {
		title: {
			text: evenLines(title, Math.floor(room / 12)),
			subtitle: notes.flatMap((note) => evenLines(note, Math.min(110, Math.floor(room / 8.8)))),
		},
		// Descriptions of single marks are expressions that titles with some signs would break.
		config: { ...figureConfig, aria: false, mark: { aria: false } },
		...grid(columns),
		// A horizontal axis with its title, and the title of the next panel.
		spacing: { row: 76, column: 52, ...spacing },
	}
}

/** The title of a panel, broken for its width. */
export function panelTitle(title: string, width: number) {
	return {
		text: cutLines(title, Math.max(12, Math.floor(width / 8))),
		fontSize: 12,
		anchor: 'middle' as const,
		offset: 6,
	}
}

/** Lines of at most `width` characters, in which longer words are cut. */
export function cutLines(text: string, width: number): string[] {
	return textLines(text.replaceAll(new RegExp(`(\\S{${width}})(?=\\S)`, 'gu'), '$1 '), width)
}

/** As few lines as fit, of about the same length: no word is left alone. */
function evenLines(text: string, longest: number): string[] {
	const lines = cutLines(text, longest)
	// A word is cut only where even the longest line has no room for it.
	const word = Math.min(longest, Math.max(1, ...text.split(' ').map((one) => one.length)))
	let shorter = longest
	while (shorter > word && cutLines(text, shorter - 1).length === lines.length) shorter--
	return cutLines(text, shorter)
}

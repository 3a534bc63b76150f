/** The frame of a figure: its heading and the layout of its panels. */

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
 * Returns everything around the panels.
 * @param width Width of all panels side by side. Text wraps to it; the width of text is estimated as 0.8 of the font size
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
		// Descriptions of single marks are expressions, which some characters in titles would break.
		config: { ...figureConfig, aria: false, mark: { aria: false } },
		...grid(columns),
		// Space for a horizontal axis with its title, and for the title of the next panel.
		spacing: { row: 76, column: 52, ...spacing },
	}
}

/** The title of a panel, wrapped to its width. */
export function panelTitle(title: string, width: number) {
	return {
		text: cutLines(title, Math.max(12, Math.floor(width / 8))),
		fontSize: 12,
		anchor: 'middle' as const,
		offset: 6,
	}
}

/** Breaks text into lines of at most `width` characters, and cuts longer words. */
export function cutLines(text: string, width: number): string[] {
	return textLines(text.replaceAll(new RegExp(`(\\S{${width}})(?=\\S)`, 'gu'), '$1 '), width)
}

/** Breaks text into as few lines as possible, of similar length, so that no word stands alone. */
function evenLines(text: string, longest: number): string[] {
	const lines = cutLines(text, longest)
	// Cut a word only if it does not fit even in the longest line.
	const word = Math.min(longest, Math.max(1, ...text.split(' ').map((one) => one.length)))
	let shorter = longest
	while (shorter > word && cutLines(text, shorter - 1).length === lines.length) shorter--
	return cutLines(text, shorter)
}

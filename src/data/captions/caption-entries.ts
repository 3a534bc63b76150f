/** The entries of a caption file, with their positions in it. */

import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { readTextFile } from '../../files/text/read-text.js'

const entrySchema = z.strictObject({
	/** Path of the picture, relative to the file. */
	image: z.string().min(1),
	captions: z.array(z.string()).min(1),
})

/** One entry of a file. */
export interface CaptionEntry extends z.output<typeof entrySchema> {
	/** Its position: `line 3`, or `entry 3` of an array. */
	readonly place: string
}

/**
 * Reads a file: an array if it begins with a bracket, otherwise JSON lines (empty lines are skipped).
 * @returns The entries and the text of the file.
 * @throws NaptuneError if the file cannot be read or is empty, or naming the line that is not JSON or not an entry.
 */
export async function readCaptionEntries(path: string): Promise<{ entries: CaptionEntry[]; text: string }> {
	const text = await readTextFile(path, `The caption file ${path}`)
	const values = text.trimStart().startsWith('[') ? arrayValues(path, text) : lineValues(path, text)
	if (values.length === 0) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} holds no captions. Write {"image": "cat.jpg", "captions": ["a cat"]} on each line.`,
		)
	}
	const entries = values.map(({ place, value }) => {
		const parsed = entrySchema.safeParse(value)
		if (parsed.success) return { ...parsed.data, place }
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path}, ${place}, is not {"image": "path", "captions": ["..."]}:\n${z.prettifyError(parsed.error)}`,
		)
	})
	return { entries, text }
}

interface PlacedValue {
	readonly place: string
	readonly value: unknown
}

function arrayValues(path: string, text: string): PlacedValue[] {
	try {
		return (JSON.parse(text) as unknown[]).map((value, index) => ({ place: `entry ${index + 1}`, value }))
	} catch (cause) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} begins like a JSON array but is not one: ${(cause as Error).message}.`,
			{ cause },
		)
	}
}

function lineValues(path: string, text: string): PlacedValue[] {
	return text.split('\n').flatMap((line, index) => {
		if (line.trim() === '') return []
		try {
			return [{ place: `line ${index + 1}`, value: JSON.parse(line) as unknown }]
		} catch (cause) {
			throw new NaptuneError(
				'NAP_FILE_INVALID',
				`${path}, line ${index + 1}, is not JSON: ${(cause as Error).message}.`,
				{ cause },
			)
		}
	})
}

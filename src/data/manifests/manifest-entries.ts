/** The entries of a manifest, with their positions in it. */

import { extname } from 'node:path'
import { z } from 'zod'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { readTextFile } from '../../files/text/read-text.js'
import { parseTable } from './delimited.js'

/** Known field names, in lower case. */
export const manifestFields = {
	image: ['image', 'image_path', 'path', 'file', 'file_name', 'filename', 'filepath'],
	className: ['class', 'class_name', 'classname', 'category', 'label_name'],
	label: ['label'],
	split: ['split'],
} as const

const splitNames = {
	train: 'train',
	training: 'train',
	val: 'validation',
	valid: 'validation',
	validation: 'validation',
	test: 'test',
	testing: 'test',
} as const

/** One image of a manifest. */
export interface ManifestEntry {
	/** Its position: `line 3`, or `entry 3` of an array. */
	readonly place: string
	/** Path as written. */
	readonly image: string
	/** Name of the class, or its number if it has no name. */
	readonly className: string
	/** The number, if given. */
	readonly label?: number
	readonly split?: 'train' | 'validation' | 'test'
}

/** A manifest as written. */
export interface Manifest {
	readonly entries: readonly ManifestEntry[]
	/** The text of the file. */
	readonly text: string
	/** Whether it is a split file of CoOp. */
	readonly coop: boolean
	/** Unknown field names, in lower case. */
	readonly unknown: readonly string[]
}

const advice = `Every entry of a manifest needs an image path (${manifestFields.image.join(', ')}) and a class (${manifestFields.className.join(', ')}) or label, and may have a split (train, val or test).`

const text = z
	.string({ error: ({ input }) => (input === undefined ? 'It is missing' : undefined) })
	.trim()
	.min(1)
// Data frames write whole numbers as 1.0 in a column with gaps.
const number = z.union([
	z.int().nonnegative(),
	z
		.string()
		.regex(/^\d+(\.0+)?$/)
		.transform(Number),
])
const fieldsSchema = z.object({
	image: text,
	className: z.union([text, z.number().transform(String)]).optional(),
	label: z.union([number, text]).optional(),
	split: z
		.string()
		.transform((name, context) => {
			const found = Object.entries(splitNames).find(([known]) => known === name.trim().toLowerCase())
			if (found) return found[1]
			context.addIssue(`Expected ${Object.keys(splitNames).join(', ')}; got ${JSON.stringify(name)}`)
			return z.NEVER
		})
		.optional(),
})

const triple = z.tuple([text, z.int().nonnegative(), text])
const coopSchema = z.strictObject({
	train: z.array(z.unknown()),
	val: z.array(z.unknown()),
	test: z.array(z.unknown()),
})

/**
 * Reads a manifest: a table with a header (CSV, also with semicolons, tabs or bars), JSON lines, or JSON: an array of
 * entries or a split file of CoOp, `{"train": [["path", 0, "class"], …], "val": …, "test": …}`.
 * @throws NaptuneError if it cannot be read or is empty, or naming the wrong line.
 */
export async function readManifest(path: string): Promise<Manifest> {
	const content = await readTextFile(path, `The manifest ${path}`)
	const isTable = ['.csv', '.tsv'].includes(extname(path).toLowerCase())
	const read = isTable ? tableEntries(path, content) : jsonEntries(path, content)
	if (read.entries.length === 0) throw new NaptuneError('NAP_FILE_INVALID', `${path} holds no images. ${advice}`)
	return { ...read, entries: wholeNumbers(read.entries), text: content }
}

/** Classes that are all floats such as 0.0 and 1.0 become whole numbers. */
function wholeNumbers(entries: readonly ManifestEntry[]): readonly ManifestEntry[] {
	const floats = /^\d+\.0+$/
	if (!entries.every(({ className, label }) => label === undefined && floats.test(className))) return entries
	return entries.map((entry) => {
		const label = Number(entry.className)
		return { ...entry, className: String(label), label }
	})
}

function tableEntries(path: string, content: string): Omit<Manifest, 'text'> {
	const { header: names, rows } = parseTable(content, path, isKnown, advice)
	const header = names.map((name) => name.toLowerCase())
	const unknown = header.filter((name) => !isKnown(name))
	const entries = rows.map(({ cells: values, line }) => {
		// An empty cell is a missing value.
		const cells = header.flatMap((name, at): [string, string][] => (values[at] ? [[name, values[at]]] : []))
		return entryOf(path, `line ${line}`, cells)
	})
	return { entries, coop: false, unknown }
}

function jsonEntries(path: string, content: string): Omit<Manifest, 'text'> {
	const lines = extname(path).toLowerCase() === '.jsonl'
	const value = lines ? undefined : parsed(path, content, '')
	const coop = coopSchema.safeParse(value)
	if (coop.success) return { entries: coopEntries(path, coop.data), coop: true, unknown: [] }
	if (!lines && !Array.isArray(value)) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} is neither an array of entries nor a split file of CoOp with train, val and test lists. ${advice}`,
		)
	}
	const placed = lines
		? content
				.split('\n')
				.map((line, at) => ({ line, place: `line ${at + 1}` }))
				.filter(({ line }) => line.trim() !== '')
				.map(({ line, place }) => ({ place, record: parsed(path, line, `, ${place},`) }))
		: (value as unknown[]).map((record, at) => ({ place: `entry ${at + 1}`, record }))
	const unknown = new Set<string>()
	const entries = placed.map(({ place, record }) => {
		const isObject = typeof record === 'object' && record !== null && !Array.isArray(record)
		if (!isObject) throw new NaptuneError('NAP_DATA_INVALID', `${path}, ${place}, is not an object. ${advice}`)
		const fields = Object.entries(record).map(([name, field]): [string, unknown] => [name.toLowerCase(), field])
		for (const [name] of fields) if (!isKnown(name)) unknown.add(name)
		return entryOf(
			path,
			place,
			fields.filter(([, field]) => field !== null),
		)
	})
	return { entries, coop: false, unknown: [...unknown] }
}

function isKnown(field: string): boolean {
	const name = field.toLowerCase()
	return Object.values(manifestFields).some((names) => (names as readonly string[]).includes(name))
}

function parsed(path: string, content: string, place: string): unknown {
	try {
		return JSON.parse(content)
	} catch (cause) {
		throw new NaptuneError('NAP_FILE_INVALID', `${path}${place} is not JSON: ${(cause as Error).message}.`, { cause })
	}
}

function coopEntries(path: string, lists: z.output<typeof coopSchema>): ManifestEntry[] {
	return Object.entries(lists).flatMap(([list, triples]) =>
		triples.map((value, at) => {
			const place = `entry ${at + 1} of ${list}`
			const { data } = triple.safeParse(value)
			if (!data)
				throw new NaptuneError('NAP_DATA_INVALID', `${path}, ${place}, is not ["image path", label, "class name"].`)
			const split = splitNames[list as 'train' | 'val' | 'test']
			return { place, image: data[0], label: data[1], className: data[2], split }
		}),
	)
}

/** @throws NaptuneError if the fields are not those of an entry. */
function entryOf(path: string, place: string, cells: readonly (readonly [string, unknown])[]): ManifestEntry {
	const found: Record<string, unknown> = {}
	for (const [field, names] of Object.entries(manifestFields)) {
		const matches = cells.filter(([name]) => (names as readonly string[]).includes(name))
		if (matches.length > 1) {
			throw new NaptuneError(
				'NAP_DATA_INVALID',
				`${path}, ${place}, has ${matches.map(([name]) => JSON.stringify(name)).join(' and ')}, which mean the same. Keep one of them.`,
			)
		}
		if (matches[0]) found[field] = matches[0][1]
	}
	const result = fieldsSchema.safeParse(found)
	if (!result.success) {
		const seen = cells.length === 0 ? 'nothing' : cells.map(([name]) => name).join(', ')
		throw new NaptuneError(
			'NAP_DATA_INVALID',
			`${path}, ${place}, is not a valid manifest entry (it has ${seen}):\n${z.prettifyError(result.error)}\n${advice}`,
		)
	}
	const { image, className, label, split } = result.data
	const name = className ?? (label === undefined ? undefined : String(label))
	if (name === undefined) throw new NaptuneError('NAP_DATA_INVALID', `${path}, ${place}, has no class. ${advice}`)
	return {
		place,
		image,
		className: name,
		...defined({ label: typeof label === 'number' ? label : undefined, split: split || undefined }),
	}
}

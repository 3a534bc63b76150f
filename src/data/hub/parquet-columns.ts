/** Chooses the columns of a Parquet file that hold the images and their classes. */

import { z } from 'zod'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import type { Features } from './dataset-card.js'
import type { ParquetColumn, ParquetDescription } from './parquet-decoder.js'

/** The columns to read. */
export interface ParquetColumns {
	readonly image: string
	readonly label: string
	/** Names of the classes by number; undefined if the labels are names themselves, or numbers without names. */
	readonly classNames?: readonly string[]
	/** Choices made among several columns. */
	readonly notices: readonly string[]
}

/** Usual names of class columns, in lower case, for files without a description. */
const labelNames = ['label', 'labels', 'class', 'class_name', 'category', 'target', 'cls', 'label_name']

const embedded = z.object({
	info: z.object({
		features: z.record(
			z.string(),
			z.union([z.looseObject({ _type: z.string(), names: z.array(z.string()).optional() }), z.unknown()]),
		),
	}),
})

/**
 * Chooses the columns: by the features in the file, or else in the card, or else by the types of the columns.
 * @param wanted Columns that the user chose.
 * @param source Name of the data set, for errors.
 * @throws NaptuneError if there is no such column, or several and the user chose none.
 */
export function parquetColumns(
	{ columns, features: told }: Pick<ParquetDescription, 'columns' | 'features'>,
	card: Features,
	wanted: { readonly image?: string; readonly label?: string },
	source: string,
): ParquetColumns {
	const features = embeddedFeatures(told) ?? card
	const present = (names: Iterable<string>) =>
		[...names].filter((name) => columns.some((column) => column.name === name))
	const named = present(features.images).filter((name) =>
		columns.some((column) => column.name === name && holdsBytes(column)),
	)
	const images = named.length > 0 ? named : columns.filter(looksLikeImages).map(nameOf)
	const labelled = present(features.classLabels.keys())
	const labels =
		labelled.length > 0
			? labelled
			: columns
					.filter(holdsClasses)
					.map(nameOf)
					.filter((name) => labelNames.includes(name.toLowerCase()))
	const image = choose('image', images, columns.filter(holdsBytes).map(nameOf), wanted.image, columns, source)
	const label = choose('label', labels, columns.filter(holdsClasses).map(nameOf), wanted.label, columns, source)
	const classNames = features.classLabels.get(label.column)
	return {
		image: image.column,
		label: label.column,
		...defined({ classNames: classNames || undefined }),
		notices: [...image.notices, ...label.notices],
	}
}

function choose(
	option: 'image' | 'label',
	candidates: readonly string[],
	usable: readonly string[],
	wanted: string | undefined,
	columns: readonly ParquetColumn[],
	source: string,
): { readonly column: string; readonly notices: readonly string[] } {
	const all = columns.map(nameOf).join(', ')
	const holds = option === 'image' ? 'images' : 'classes'
	if (wanted !== undefined) {
		if (usable.includes(wanted)) return { column: wanted, notices: [] }
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${source} has no column ${JSON.stringify(wanted)} that could hold ${holds}. Its columns are ${all}; usable for ${holds}: ${usable.join(', ') || 'none'}.`,
		)
	}
	const [first, ...others] = candidates
	if (first === undefined) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			usable.length > 0
				? `It is unclear which column of ${source} holds ${holds}; its columns are ${all}. Name it after the data set: '?${option}=${usable[0]}'.`
				: `${source} has no column of ${holds}; its columns are ${all}. Use a data set of labelled images.`,
		)
	}
	if (others.length === 0) return { column: first, notices: [] }
	const plain = candidates.find((name) => name === option)
	if (plain !== undefined) {
		const rest = candidates.filter((name) => name !== plain).join(', ')
		return {
			column: plain,
			notices: [`${source} has other columns of ${holds} besides ${plain}, which is used: ${rest}.`],
		}
	}
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`${source} has several columns of ${holds}: ${candidates.join(', ')}. Choose one after the data set: '?${option}=${first}'.`,
	)
}

/** The features that Hugging Face's library writes into files; undefined if it did not write the file. */
function embeddedFeatures(value: string | undefined): Features | undefined {
	if (value === undefined) return undefined
	let content: unknown
	try {
		content = JSON.parse(value)
	} catch {
		return undefined
	}
	const parsed = embedded.safeParse(content)
	if (!parsed.success) return undefined
	const images: string[] = []
	const classLabels = new Map<string, readonly string[]>()
	for (const [name, feature] of Object.entries(parsed.data.info.features)) {
		const { _type, names } = (feature ?? {}) as { _type?: string; names?: string[] }
		if (_type === 'Image') images.push(name)
		if (_type === 'ClassLabel' && names) classLabels.set(name, names)
	}
	return { images, classLabels }
}

function nameOf({ name }: ParquetColumn): string {
	return name
}

/** Whether the column holds the bytes of image files, either alone or with their names, `{bytes, path}`. */
function holdsBytes({ holds, children }: ParquetColumn): boolean {
	return holds === 'bytes' || children.some((child) => child.name === 'bytes' && child.holds === 'bytes')
}

function looksLikeImages(column: ParquetColumn): boolean {
	return (
		holdsBytes(column) && (column.children.length > 0 || /^(image|img|picture|photo|jpe?g|png|webp)/i.test(column.name))
	)
}

function holdsClasses({ holds, isList }: ParquetColumn): boolean {
	return !isList && (holds === 'integers' || holds === 'text')
}

/** Maps class folders to a model's classes. */

import { entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'

/** The input of {@link classPositions}. */
export interface ClassPositionsInput {
	/** Names of the class folders. */
	readonly folders: readonly string[]
	/** The model's classes in logit order. */
	readonly classNames: readonly string[]
	/** Whether these are names, rather than positions as text. */
	readonly hasNames: boolean
	/** A user's mapping from folders to classes, by name or position. */
	readonly mapping?: Readonly<Record<string, string | number>>
}

/**
 * The position of each folder in the model's classes: by a mapping, by class names, by folders named as positions (`0`, `1`,
 * …), or else in sorted order, with a notice.
 * @throws NaptuneError if a folder is not one of the model's classes, or the numbers of folders and classes rule out the
 * last option.
 */
export function classPositions(input: ClassPositionsInput): {
	readonly positions: readonly number[]
	readonly notices: readonly string[]
} {
	const { folders, classNames, hasNames, mapping } = input
	if (mapping) return { positions: mapped(input, mapping), notices: [] }
	if (hasNames) {
		const plain = (name: string) =>
			name
				.toLowerCase()
				.replace(/[\s_-]+/g, ' ')
				.trim()
		const byName = new Map(classNames.map((name, index) => [plain(name), index]))
		const unknown = folders.filter((folder) => !byName.has(plain(folder)))
		if (unknown.length > 0) {
			throw new NaptuneError(
				'NAP_CLASSES_MISMATCH',
				`${unknown.length} of ${folders.length} class folders are not among the model's ${classNames.length} classes: ${list(unknown)}. The model has ${list(classNames)}. Rename the folders, or give a mapping (--class-map).`,
			)
		}
		return { positions: folders.map((folder) => entry(byName, plain(folder))), notices: [] }
	}
	const numbers = folders.map((folder) => (/^\d+$/.test(folder) ? Number(folder) : Number.NaN))
	if (numbers.every((number) => number < classNames.length)) return { positions: numbers, notices: [] }
	if (folders.length !== classNames.length) {
		throw new NaptuneError(
			'NAP_CLASSES_MISMATCH',
			`The model distinguishes ${classNames.length} classes but does not name them; the data has ${folders.length} class folders: ${list(folders)}. Give the model's class names in order (--classes), name the folders by position (0, 1, …), or give a mapping (--class-map).`,
		)
	}
	return {
		positions: folders.map((_, index) => index),
		notices: [
			`The model does not name its ${classNames.length} classes, so folders were assigned in sorted order: ${list(folders)}. Give --classes or --class-map to declare them.`,
		],
	}
}

function mapped(
	{ folders, classNames }: ClassPositionsInput,
	mapping: Readonly<Record<string, string | number>>,
): number[] {
	return folders.map((folder) => {
		const wanted = Object.hasOwn(mapping, folder) ? entry(mapping, folder) : undefined
		const position = typeof wanted === 'string' ? classNames.indexOf(wanted) : (wanted ?? -1)
		if (Number.isInteger(position) && position >= 0 && position < classNames.length) return position
		throw new NaptuneError(
			'NAP_CLASSES_MISMATCH',
			wanted === undefined
				? `The class mapping lacks the folder ${folder}; it has ${list(Object.keys(mapping))}.`
				: `The class mapping assigns ${JSON.stringify(wanted)} to the folder ${folder}, but that is not one of the model's ${classNames.length} classes: ${list(classNames)}.`,
		)
	})
}

function list(names: readonly string[]): string {
	return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} others` : names.join(', ')
}

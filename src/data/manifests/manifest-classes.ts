/** Maps names and numbers in a manifest to classes. */

import { at, entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { checkNames, numbersNotice } from '../folders/class-folders.js'
import type { ManifestEntry } from './manifest-entries.js'

/** Classes of a manifest. */
export interface ManifestClasses {
	readonly classNames: readonly string[]
	/** Position of an entry's class in `classNames`. */
	labelOf(item: ManifestEntry): number
	readonly notices: readonly string[]
}

/**
 * The classes: in the order of their numbers if entries have numbers, otherwise sorted by name.
 * @param path Path of the manifest, for errors.
 * @throws NaptuneError if some entries have numbers and some have none, a number has two names or a name two numbers, or
 * names read the same in a prompt.
 */
export function manifestClasses(path: string, entries: readonly ManifestEntry[]): ManifestClasses {
	const numbers = new Map<string, ManifestEntry>()
	const names = new Map<number, ManifestEntry>()
	const numbered = entries[0]?.label !== undefined
	for (const item of entries) {
		const { label, className, place } = item
		if ((label !== undefined) !== numbered) {
			throw new NaptuneError(
				'NAP_DATA_INVALID',
				`${path}: ${numbered ? place : at(entries, 0).place} has a label without a number, while ${numbered ? at(entries, 0).place : place} has a number. Add it to all or to none.`,
			)
		}
		const sameName = numbers.get(className) ?? item
		const sameNumber = label === undefined ? item : (names.get(label) ?? item)
		if (sameName.label !== label || sameNumber.className !== className) {
			const other = sameName.label === label ? sameNumber : sameName
			throw new NaptuneError(
				'NAP_DATA_INVALID',
				`${path}: ${other.place} and ${place} disagree: class ${JSON.stringify(other.className)} has label ${other.label}, class ${JSON.stringify(className)} has label ${label}.`,
			)
		}
		numbers.set(className, sameName)
		if (label !== undefined) names.set(label, sameNumber)
	}
	const classNames = numbered
		? [...names.keys()].sort((a, b) => a - b).map((label) => entry(names, label).className)
		: [...numbers.keys()].sort()
	checkNames(classNames, path)
	const labels = new Map(classNames.map((name, label) => [name, label]))
	return {
		classNames,
		labelOf: ({ className }) => entry(labels, className),
		notices: numbersNotice(classNames, path),
	}
}

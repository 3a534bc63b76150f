/** Maps the labels of a data set on the hub to classes. */

import { entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { sameSpoken, spokenForm } from '../benchmarks/spoken-names.js'
import { checkNames, numbersNotice } from '../folders/class-folders.js'

/** A label as stored. */
export type StoredLabel = number | string | null

/** Classes of a data set. */
export interface HubClasses {
	readonly classNames: readonly string[]
	/** Position of a label's class in `classNames`. */
	labelOf(label: StoredLabel): number
	readonly notices: readonly string[]
}

/**
 * The classes: those named in the file, in its order; otherwise the labels themselves, sorted.
 * @param splits All splits in use. @param named Names by number, if labels are numbers that have names.
 * @param source Name of the data set, for errors.
 * @throws NaptuneError that names the row with a missing or unnamed label; also for names that stay alike with their
 * numbers.
 */
export function hubClasses(
	splits: readonly { readonly name: string; readonly labels: readonly StoredLabel[] }[],
	named: readonly string[] | undefined,
	source: string,
): HubClasses {
	for (const { name, labels } of splits) {
		const index = labels.findIndex((label) => !isUsable(label, named))
		if (index < 0) continue
		const of = named ? `; its classes have the numbers 0 to ${named.length - 1}` : ''
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`Row ${index} of the split ${name} of ${source} has the label ${labels[index]}, which is not a class${of}. To use another column, add '?label=COLUMN'.`,
		)
	}
	if (named) {
		const { classNames, notices } = distinct(named, source)
		return { classNames, labelOf: Number, notices }
	}
	const values = [...new Set(splits.flatMap(({ labels }) => [...new Set(labels)]))]
	const numbers = values.every((value) => typeof value === 'number')
	const sorted = numbers ? values.sort((a, b) => Number(a) - Number(b)) : values.sort()
	const positions = new Map(sorted.map((value, index) => [value, index]))
	const { classNames, notices } = distinct(sorted.map(String), source)
	return {
		classNames,
		labelOf: (label) => entry(positions, label),
		notices: [...notices, ...(numbers ? numbersNotice(sorted.map(String), source) : [])],
	}
}

function isUsable(label: StoredLabel, named: readonly string[] | undefined): boolean {
	if (typeof label === 'string') return named === undefined && label.trim() !== ''
	return label !== null && Number.isInteger(label) && label >= 0 && (named === undefined || label < named.length)
}

/** Makes names distinguishable in prompts: names that are not, such as the two cranes of ImageNet, get their number. */
function distinct(names: readonly string[], source: string): Pick<HubClasses, 'classNames' | 'notices'> {
	const alike = new Set(sameSpoken(names).flat())
	const classNames = names.map((name, index) =>
		alike.has(index) || spokenForm(name) === '' ? `${name} ${index}`.trim() : name,
	)
	// Adding a number may produce a name that another class has.
	checkNames(classNames, source)
	const changed = classNames.filter((name, index) => name !== names[index])
	if (changed.length === 0) return { classNames, notices: [] }
	return {
		classNames,
		notices: [
			`${source} has classes that read the same in a prompt, so their numbers were added: ${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ', …' : ''}.`,
		],
	}
}

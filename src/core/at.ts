/** Reads of what cannot be missing. */

/**
 * For loops over numbers, `values[index] ?? missing`: what a read beyond the end gives, as arithmetic with nothing does.
 * Such a read costs nothing once it is compiled; in a loop over pixels, {@link at} would see arrays of many kinds and be
 * many times as slow.
 */
export const missing = Number.NaN

/**
 * The element at a position that the caller knows to exist.
 * @throws RangeError where it does not, or is null, instead of an undefined that fails elsewhere.
 */
export function at<T>(list: ArrayLike<T>, position: number): NonNullable<T> {
	const value = list[position]
	if (value === undefined || value === null) {
		throw new RangeError(`There is no element ${position} among ${list.length}.`)
	}
	return value
}

/** The last element of a list that is not empty. @throws RangeError for an empty one. */
export function last<T>(list: ArrayLike<T>): NonNullable<T> {
	return at(list, list.length - 1)
}

/**
 * A value that the caller knows to be there.
 * @param what What it is, for the error.
 * @throws RangeError where it is not.
 */
export function present<T>(value: T | undefined, what: string): T {
	if (value === undefined) throw new RangeError(`There is no ${what}.`)
	return value
}

/**
 * The value of a key that the caller knows to exist, in a map or an object.
 * @throws RangeError naming it where it does not.
 */
export function entry<K, T>(table: ReadonlyMap<K, T>, key: K): T
export function entry<T>(table: Readonly<Record<string, T>>, key: string): T
export function entry<K, T>(table: ReadonlyMap<K, T> | Readonly<Record<string, T>>, key: K): T {
	const value =
		table instanceof Map ? (table.get(key) as T | undefined) : (table as Readonly<Record<string, T>>)[String(key)]
	if (value === undefined) throw new RangeError(`There is no entry ${String(key)}.`)
	return value
}

/** Checked access to elements and entries that must exist. */

/**
 * For numeric loops: in `values[index] ?? missing`, a read past the end becomes NaN, which is what arithmetic makes of
 * undefined. The check is free once compiled; in a loop over pixels, {@link at} would see many kinds of array and be many
 * times slower.
 */
export const missing = Number.NaN

/**
 * Returns the element at a position that the caller knows to exist.
 * @throws RangeError if it is missing or null, rather than returning an undefined that fails elsewhere.
 */
export function at<T>(list: ArrayLike<T>, position: number): NonNullable<T> {
	const value = list[position]
	if (value === undefined || value === null) {
		throw new RangeError(`There is no element ${position} among ${list.length}.`)
	}
	return value
}

/** Returns the last element of a non-empty list. @throws RangeError for an empty list. */
export function last<T>(list: ArrayLike<T>): NonNullable<T> {
	return at(list, list.length - 1)
}

/**
 * Returns a value that the caller knows to exist.
 * @param what Name of the value, for the error.
 * @throws RangeError if it is undefined.
 */
export function present<T>(value: T | undefined, what: string): T {
	if (value === undefined) throw new RangeError(`There is no ${what}.`)
	return value
}

/**
 * Returns the value of a key that the caller knows to exist, from a map or an object.
 * @throws RangeError that names the missing key.
 */
export function entry<K, T>(table: ReadonlyMap<K, T>, key: K): T
export function entry<T>(table: Readonly<Record<string, T>>, key: string): T
export function entry<K, T>(table: ReadonlyMap<K, T> | Readonly<Record<string, T>>, key: K): T {
	const value =
		table instanceof Map ? (table.get(key) as T | undefined) : (table as Readonly<Record<string, T>>)[String(key)]
	if (value === undefined) throw new RangeError(`There is no entry ${String(key)}.`)
	return value
}

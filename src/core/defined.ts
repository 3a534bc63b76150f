/** Objects without the fields that are undefined. */

/** `T` where a field that may be undefined may be missing instead. */
export type Defined<T extends object> = {
	[K in keyof T as undefined extends T[K] ? never : K]: T[K]
} & {
	[K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
} extends infer Fields
	? { [K in keyof Fields]: Fields[K] }
	: never

/** The fields that are not undefined, in their order: for optional fields and for records, which hold none that is missing. */
export function defined<T extends object>(fields: T): Defined<T> {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
}

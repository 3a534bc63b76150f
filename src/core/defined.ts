/** Objects without their undefined fields. */

/** `T` with every field that may be undefined made optional. */
export type Defined<T extends object> = {
	[K in keyof T as undefined extends T[K] ? never : K]: T[K]
} & {
	[K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
} extends infer Fields
	? { [K in keyof Fields]: Fields[K] }
	: never

/** Drops undefined fields and keeps the order of the rest: for optional fields, and for records, which never hold undefined. */
export function defined<T extends object>(fields: T): Defined<T> {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
}

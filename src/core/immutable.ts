/** Values that never change once made. */

/** `T` with every field and list in it readonly, at any depth. For JSON. */
export type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T

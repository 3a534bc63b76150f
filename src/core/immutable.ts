/** Values that nobody changes once they are made. */

/** `T` with every field and list in it readonly, however deep. For JSON. */
export type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T

/** Images of a data set by name and label, before any is read. */

/** Names of the splits. */
export const splitNames = ['train', 'validation', 'test'] as const
export type SplitName = (typeof splitNames)[number]

/** One labelled image file. */
export interface ListedFile {
	/** Its path below the data set's folder, with forward slashes, which is its id. */
	readonly id: string
	readonly label: number
}

/** The content of a data set. */
export interface Listing extends Readonly<Record<SplitName, readonly ListedFile[]>> {
	/** In label order. */
	readonly classNames: readonly string[]
	/** Splits whose files come from a list, and may be missing from the disk. */
	readonly named: readonly SplitName[]
	readonly notices: readonly string[]
}

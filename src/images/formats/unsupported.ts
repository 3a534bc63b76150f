/** Whole pictures of a kind that is not read: never called damaged. */

/** Thrown by readers of formats; the message names the feature, such as `pages compressed by zstd`. */
export class UnsupportedFeature extends Error {
	override readonly name = 'UnsupportedFeature'
}

/** The error for intact pictures of an unsupported kind, which must not be called damaged. */

/** Thrown by readers of formats; the message names the feature, such as `pages compressed by zstd`. */
export class UnsupportedFeature extends Error {
	override readonly name = 'UnsupportedFeature'
}

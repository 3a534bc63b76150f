/** A decoded picture. */

/** An RGB picture. */
export interface DecodedImage {
	readonly width: number
	readonly height: number
	/** [height, width, 3]: rows from the top, channels last, 0 to 255. */
	readonly rgb: Uint8Array
}

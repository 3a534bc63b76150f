/** Converts luma and chroma to colours, with the rounding of the two libraries that Pillow uses. */

/** The arithmetic that converts Y, Cb and Cr of a TIFF to colours. */
export type LumaChroma =
	/** Pillow's own (`ConvertYCbCr.c`): JFIF's coefficients in 6-bit fixed point. */
	| { readonly rule: 'pillow' }
	/** libtiff's (`tif_color.c`): 16-bit fixed point, by the file's weights of red, green and blue, and its levels. */
	| { readonly rule: 'libtiff'; readonly weights: readonly number[]; readonly levels: readonly number[] }

/** Turns pixels into colours, in place. @param pixels Y, Cb and Cr of each pixel, 0 to 255. */
export function lumaChromaToRgb(pixels: Uint8Array, how: LumaChroma): void {
	const { luma, red, blue, greenOfBlue, greenOfRed, bits } = how.rule === 'pillow' ? pillowTables() : libtiffTables(how)
	for (let at = 0; at < pixels.length; at += 3) {
		const y = luma[pixels[at]!]!
		const cb = pixels[at + 1]!
		const cr = pixels[at + 2]!
		pixels[at] = clamped(y + red[cr]!)
		pixels[at + 1] = clamped(y + Math.floor((greenOfBlue[cb]! + greenOfRed[cr]!) / 2 ** bits))
		pixels[at + 2] = clamped(y + blue[cb]!)
	}
}

function clamped(level: number): number {
	return level < 0 ? 0 : level > 255 ? 255 : level
}

interface Tables {
	readonly luma: readonly number[]
	/** What Cr adds to red, and Cb to blue. */
	readonly red: readonly number[]
	readonly blue: readonly number[]
	/** What both add to green, in fixed point. */
	readonly greenOfBlue: readonly number[]
	readonly greenOfRed: readonly number[]
	readonly bits: number
}

const levels = Array.from({ length: 256 }, (_, level) => level)

function pillowTables(): Tables {
	// C's conversion of a sum with 0.5: towards zero, also below it.
	const fixed = (factor: number) => levels.map((level) => Math.trunc((level - 128) * factor * 64 + 0.5))
	return {
		luma: levels,
		red: fixed(1.402).map((value) => value >> 6),
		blue: fixed(1.772).map((value) => value >> 6),
		greenOfBlue: fixed(-0.34414),
		greenOfRed: fixed(-0.71414),
		bits: 6,
	}
}

function libtiffTables({ weights, levels: given }: Extract<LumaChroma, { rule: 'libtiff' }>): Tables {
	const [ofRed = 0, ofGreen = 1, ofBlue = 0] = weights
	const [y0 = 0, y1 = 255, cb0 = 128, cb1 = 255, cr0 = 128, cr1 = 255] = given
	const one = 65536
	// The library computes in float32.
	const fixed = (value: number) => Math.trunc(Math.fround(value) * one + 0.5)
	const redFactor = Math.fround(2 - 2 * ofRed)
	const blueFactor = Math.fround(2 - 2 * ofBlue)
	const [d1, d3] = [fixed(redFactor), fixed(blueFactor)]
	const [d2, d4] = [-fixed((ofRed * redFactor) / ofGreen), -fixed((ofBlue * blueFactor) / ofGreen)]
	const level = (code: number, black: number, white: number, range: number) =>
		Math.trunc(Math.fround(((code - Math.trunc(black)) * range) / (white - black !== 0 ? white - black : 1)))
	const cr = levels.map((code) => level(code - 128, cr0 - 128, cr1 - 128, 127))
	const cb = levels.map((code) => level(code - 128, cb0 - 128, cb1 - 128, 127))
	const half = one / 2
	return {
		luma: levels.map((code) => level(code, y0, y1, 255)),
		red: cr.map((value) => Math.floor((d1 * value + half) / one)),
		blue: cb.map((value) => Math.floor((d3 * value + half) / one)),
		greenOfBlue: cb.map((value) => d4 * value + half),
		greenOfRed: cr.map((value) => d2 * value),
		bits: 16,
	}
}

/** Y, U and V to colours in the 6-bit fixed point of libyuv, which libavif and so Pillow use. */

/** Factors times 64, and the offset of Y. */
export interface YuvMatrix {
	/** Of Y times 257, in 16-bit fixed point. */
	readonly luma: number
	readonly bias: number
	readonly blueOfU: number
	readonly greenOfU: number
	readonly greenOfV: number
	readonly redOfV: number
}

const full = { luma: 16320, bias: 32 }
const limited = { luma: 18997, bias: -1160 }

/**
 * By the names of the standards (ITU-R BT.601, 709, 2020), for Y from 0 to 255 and from 16 to 235. The library caps factors
 * at 128, although blue of limited range would need 129 to 137.
 */
export const yuvMatrices = {
	bt601: {
		full: { ...full, blueOfU: 113, greenOfU: 22, greenOfV: 46, redOfV: 90 },
		limited: { ...limited, blueOfU: 128, greenOfU: 25, greenOfV: 52, redOfV: 102 },
	},
	bt709: {
		full: { ...full, blueOfU: 119, greenOfU: 12, greenOfV: 30, redOfV: 101 },
		limited: { ...limited, blueOfU: 128, greenOfU: 14, greenOfV: 34, redOfV: 115 },
	},
	bt2020: {
		full: { ...full, blueOfU: 120, greenOfU: 11, greenOfV: 37, redOfV: 94 },
		limited: { ...limited, luma: 19003, blueOfU: 128, greenOfU: 12, greenOfV: 42, redOfV: 107 },
	},
} as const satisfies Record<string, Record<'full' | 'limited', YuvMatrix>>

/**
 * Replaces pixels by their colours.
 * @param pixels Y is the second of each pixel's three values.
 * @param u [height, width].
 * @param v [height, width].
 */
export function yuvToRgb(pixels: Uint8Array, u: Uint8Array, v: Uint8Array, matrix: YuvMatrix): void {
	const { luma, bias, blueOfU, greenOfU, greenOfV, redOfV } = matrix
	for (let at = 0; at < u.length; at++) {
		const y = ((pixels[3 * at + 1]! * 257 * luma) / 65536) | 0
		const du = u[at]! - 128
		const dv = v[at]! - 128
		pixels[3 * at] = clamped((y + bias + dv * redOfV) >> 6)
		pixels[3 * at + 1] = clamped((y + bias - du * greenOfU - dv * greenOfV) >> 6)
		pixels[3 * at + 2] = clamped((y + bias + du * blueOfU) >> 6)
	}
}

function clamped(level: number): number {
	return level < 0 ? 0 : level > 255 ? 255 : level
}

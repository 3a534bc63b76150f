/** The filters of Pillow's resizing (python-pillow/Pillow, `src/libImaging/Resample.c`). */

/** Resampling filter, by Pillow's name. */
export type Resample = 'nearest' | 'lanczos' | 'bilinear' | 'bicubic' | 'box' | 'hamming'

/** Support in pixels of the coarser grid, and weight by distance. */
export interface Filter {
	readonly support: number
	weight(distance: number): number
}

function sinc(x: number): number {
	return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI)
}

/** Keys' cubic with a = -0.5. */
function cubic(distance: number): number {
	const a = -0.5
	const x = Math.abs(distance)
	if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
	if (x < 2) return (((x - 5) * x + 8) * x - 4) * a
	return 0
}

function hamming(distance: number): number {
	const x = Math.abs(distance)
	if (x === 0) return 1
	if (x >= 1) return 0
	return sinc(x) * (0.54 + 0.46 * Math.cos(x * Math.PI))
}

/** All filters except `nearest`, which has no weights. */
export const filters: Readonly<Record<Exclude<Resample, 'nearest'>, Filter>> = {
	lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
	bilinear: { support: 1, weight: (x) => Math.max(1 - Math.abs(x), 0) },
	bicubic: { support: 2, weight: cubic },
	box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
	hamming: { support: 1, weight: hamming },
}

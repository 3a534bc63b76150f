/** Builds the matrix with which ONNX's Resize changes the length of one axis. */

/** Interpolation settings, in ONNX's terms. */
export interface Interpolation {
	readonly mode: 'nearest' | 'linear' | 'cubic'
	readonly coordinates: 'half_pixel' | 'half_pixel_symmetric' | 'pytorch_half_pixel' | 'align_corners' | 'asymmetric'
	readonly rounding: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil'
	readonly cubicCoefficient: number
	readonly excludeOutside: boolean
}

/**
 * Weights of the old entries in each new one.
 * @param before Number of old entries.
 * @param after Number of new entries.
 * @param scale Scale of the coordinates, after / before.
 * @returns [before, after] in row-major order.
 */
export function resamplingMatrix(
	before: number,
	after: number,
	scale: number,
	interpolation: Interpolation,
): Float32Array {
	const matrix = new Float32Array(before * after)
	for (let at = 0; at < after; at++) {
		const place = original(at, before, after, scale, interpolation.coordinates)
		for (const [index, weight] of weights(place, before, interpolation)) matrix[index * after + at]! += weight
	}
	return matrix
}

/** Position of a new entry among the old ones. */
function original(
	at: number,
	before: number,
	after: number,
	scale: number,
	coordinates: Interpolation['coordinates'],
): number {
	switch (coordinates) {
		case 'half_pixel':
			return (at + 0.5) / scale - 0.5
		case 'half_pixel_symmetric': {
			const adjustment = after / (scale * before)
			return (before / 2) * (1 - adjustment) + (at + 0.5) / scale - 0.5
		}
		case 'pytorch_half_pixel':
			return after > 1 ? (at + 0.5) / scale - 0.5 : 0
		case 'align_corners':
			return after > 1 ? (at * (before - 1)) / (after - 1) : 0
		case 'asymmetric':
			return at / scale
	}
}

function weights(place: number, before: number, interpolation: Interpolation): (readonly [number, number])[] {
	const clamp = (index: number) => Math.max(0, Math.min(before - 1, index))
	switch (interpolation.mode) {
		case 'nearest':
			return [[clamp(rounded(place, interpolation.rounding)), 1]]
		case 'linear': {
			const inside = clamp(place)
			const low = Math.floor(inside)
			return [
				[low, 1 - (inside - low)],
				[clamp(low + 1), inside - low],
			]
		}
		case 'cubic': {
			const first = Math.floor(place) - 1
			const taps = [0, 1, 2, 3].map((tap) => ({
				index: first + tap,
				weight: cubic(Math.abs(place - (first + tap)), interpolation.cubicCoefficient),
			}))
			if (!interpolation.excludeOutside) return taps.map(({ index, weight }) => [clamp(index), weight])
			const inside = taps.filter(({ index }) => index >= 0 && index < before)
			const total = inside.reduce((sum, { weight }) => sum + weight, 0)
			return inside.map(({ index, weight }) => [index, weight / total])
		}
	}
}

function rounded(place: number, rounding: Interpolation['rounding']): number {
	switch (rounding) {
		case 'round_prefer_floor':
			return Math.ceil(place - 0.5)
		case 'round_prefer_ceil':
			return Math.floor(place + 0.5)
		case 'floor':
			return Math.floor(place)
		case 'ceil':
			return Math.ceil(place)
	}
}

/** Keys' cubic convolution kernel. */
function cubic(distance: number, a: number): number {
	if (distance <= 1) return (a + 2) * distance ** 3 - (a + 3) * distance ** 2 + 1
	if (distance < 2) return a * distance ** 3 - 5 * a * distance ** 2 + 8 * a * distance - 4 * a
	return 0
}

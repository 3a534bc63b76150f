/**
 * Random colours of pictures in [0, 1]: brightness, contrast, saturation and hue, and grey, as in torchvision and kornia.
 */

import type { Generator } from '../random/generator.js'

/** How far each property may change; 0 for not at all. */
export interface ColourJitter {
	/** Factors are uniform in [1 - amount, 1 + amount], not below 0. */
	readonly brightness: number
	readonly contrast: number
	readonly saturation: number
	/** Turns of the colour circle, uniform in [-amount, amount]. */
	readonly hue: number
}

/**
 * Changes the four properties in a random order, in place.
 * @param pixels [3, height, width]; they stay in [0, 1].
 */
export function jitterColours(pixels: Float32Array, jitter: ColourJitter, stream: Generator): void {
	const factor = (amount: number) => Math.max(0, 1 + amount * (2 * stream.uniform() - 1))
	const changes = [
		() => scaleAround(pixels, () => 0, factor(jitter.brightness)),
		() => {
			const mean = meanOf(greys(pixels))
			scaleAround(pixels, () => mean, factor(jitter.contrast))
		},
		() => {
			const grey = greys(pixels)
			scaleAround(pixels, (at) => grey[at]!, factor(jitter.saturation))
		},
		() => turnHue(pixels, jitter.hue * (2 * stream.uniform() - 1)),
	]
	for (let left = changes.length; left > 0; left--) changes.splice(stream.below(left), 1)[0]!()
}

/** Replaces colours by their luma, in place. @param pixels [3, height, width]. */
export function makeGrey(pixels: Float32Array): void {
	const grey = greys(pixels)
	for (let channel = 0; channel < 3; channel++) pixels.set(grey, channel * grey.length)
}

/** Luma (ITU-R BT.601) of each pixel. */
function greys(pixels: Float32Array): Float32Array {
	const area = pixels.length / 3
	return Float32Array.from(
		{ length: area },
		(_, at) => 0.299 * pixels[at]! + 0.587 * pixels[area + at]! + 0.114 * pixels[2 * area + at]!,
	)
}

function meanOf(values: Float32Array): number {
	let sum = 0
	for (const value of values) sum += value
	return sum / values.length
}

/** Scales the distances of all channels from a centre per pixel, clipped to [0, 1]. */
function scaleAround(pixels: Float32Array, centre: (at: number) => number, factor: number): void {
	const area = pixels.length / 3
	for (let index = 0; index < pixels.length; index++) {
		const middle = centre(index % area)
		pixels[index] = Math.min(1, Math.max(0, middle + factor * (pixels[index]! - middle)))
	}
}

/** Turns the hue, keeping the largest and smallest channel (HSV). @param turn In circles. */
function turnHue(pixels: Float32Array, turn: number): void {
	const area = pixels.length / 3
	for (let at = 0; at < area; at++) {
		const [red, green, blue] = [pixels[at]!, pixels[area + at]!, pixels[2 * area + at]!]
		const most = Math.max(red, green, blue)
		const range = most - Math.min(red, green, blue)
		if (range === 0) continue
		const sector =
			most === red ? (green - blue) / range : most === green ? 2 + (blue - red) / range : 4 + (red - green) / range
		const hue = sector + 6 * turn
		// The usual formula: each channel is the maximum minus a trapezoid function of the hue.
		for (const [channel, phase] of [5, 3, 1].entries()) {
			const place = (((phase + hue) % 6) + 6) % 6
			pixels[channel * area + at] = most - range * Math.max(0, Math.min(place, 4 - place, 1))
		}
	}
}

/** The Square attack's proposals in L2: patches that take the norm of their change from elsewhere. */

import { missing } from '../../../core/at.js'
import { float32 } from '../../../core/tensor.js'
import { perturbationSet } from '../../sets/registry.js'
import { type Area, drawnSquare, forEachRun, type ImageShape } from './area.js'
import { bumps, normalise } from './patch.js'
import type { ProposalsOf } from './proposals.js'

/** A change is at least this much shorter than epsilon, so that its norm is within epsilon in any order of summation. */
const summation = 1e-10

/**
 * Starts from patches of {@link bumps} over the whole image, each a fifth of its height, with random signs per channel. A
 * proposal draws two squares. The first gets, per channel, the direction of its own change plus that of a patch with a
 * random sign, and the combined norm of both squares plus a share of what the whole change lacks to epsilon; the second
 * becomes clean.
 *
 * The whole change then has length epsilon before pixels are clipped to the box, so the final rescaling in the reference
 * would only round, and is omitted. If rounding to float32 exceeds epsilon, the first square is shortened.
 */
export function l2Proposals(shape: ImageShape, epsilon: number): ProposalsOf {
	const [channels, height, width] = shape
	const patterns = new Map<number, Float64Array>()
	const pattern = (side: number, transposed: boolean): Float64Array => {
		const key = transposed ? -side : side
		const known = patterns.get(key) ?? bumps(side, transposed)
		patterns.set(key, known)
		return known
	}
	const direction = new Float64Array(channels * Math.min(height, width) ** 2)
	const mass = new Float64Array(channels)
	const longest = (epsilon * (1 - summation)) ** 2

	return (clean, stream) => {
		const sign = () => 2 * stream.below(2) - 1
		/** Squared norm of the best image's change. */
		let squares = 0
		const measure = (image: Float32Array) => {
			squares = 0
			for (let at = 0; at < image.length; at++) squares += ((image[at] ?? missing) - (clean[at] ?? missing)) ** 2
		}
		/** Writes the clean image plus a multiple of the direction into a square. @returns The squared norm of the change there. */
		const put = (image: Float32Array, square: Area, scale: number): number => {
			let sum = 0
			let from = 0
			forEachRun(square, shape, (start, end, channel) => {
				const factor = scale * (mass[channel] ?? missing)
				for (let at = start; at < end; at++, from++) {
					const center = clean[at] ?? missing
					image[at] = Math.min(1, Math.max(0, center + factor * (direction[from] ?? missing)))
					sum += ((image[at] ?? missing) - center) ** 2
				}
			})
			return sum
		}
		return {
			start() {
				const change = new Float64Array(clean.length)
				const side = Math.max(1, Math.floor(height / 5))
				const margin = Math.max(0, Math.floor((height - 5 * side) / 2))
				for (let top = margin; top + side <= height; top += side) {
					for (let left = margin; left + side <= width; left += side) {
						const patch = pattern(side, stream.below(2) === 1)
						const signs = Array.from({ length: channels }, sign)
						let from = 0
						forEachRun({ top, left, height: side, width: side }, shape, (start, end, channel) => {
							for (let at = start; at < end; at++, from++) {
								change[at] = (signs[channel] ?? missing) * (patch[from % patch.length] ?? missing)
							}
						})
					}
				}
				normalise(change)
				const image = clean.map((pixel, at) => Math.min(1, Math.max(0, pixel + epsilon * (change[at] ?? missing))))
				const one = float32([1, ...shape], clean)
				perturbationSet({ norm: 'l2', epsilon }, one).project(image)
				measure(image)
				return image
			},
			propose(image, side) {
				const target = drawnSquare(side, shape, stream)
				const source = drawnSquare(side, shape, stream)
				const patch = pattern(side, stream.below(2) === 1)
				const inTarget = squaresOf(image, clean, target, shape)
				clear(image, clean, target, direction, shape)
				const inSource = squaresOf(image, clean, source, shape)
				clear(image, clean, source, undefined, shape)
				const missing = Math.max(epsilon ** 2 - squares, 0) / channels
				const area = side * side
				let moved = 0
				for (let channel = 0; channel < channels; channel++) {
					const up = sign()
					const length = 1e-12 + Math.sqrt(inTarget[channel] ?? missing)
					let sum = 0
					for (let at = 0; at < area; at++) {
						const value = up * (patch[at] ?? missing) + (direction[channel * area + at] ?? missing) / length
						direction[channel * area + at] = value
						sum += value * value
					}
					const both = (inTarget[channel] ?? missing) + (inSource[channel] ?? missing)
					mass[channel] = sum > 0 ? Math.sqrt((missing + both) / sum) : 0
					moved += both
				}
				const room = Math.max(0, longest - (squares - moved))
				let scale = 1
				for (let attempt = 0; ; attempt++) {
					const taken = put(image, target, scale)
					if (taken <= room) return [target, source]
					scale *= Math.sqrt(room / taken) * (1 - 2 ** (attempt - 24))
				}
			},
			accept: measure,
		}
	}
}

/** Squared norm of an area's change per channel. */
function squaresOf(image: Float32Array, clean: Float32Array, area: Area, shape: ImageShape): Float64Array {
	const sums = new Float64Array(shape[0])
	forEachRun(area, shape, (start, end, channel) => {
		let sum = sums[channel] ?? missing
		for (let at = start; at < end; at++) sum += ((image[at] ?? missing) - (clean[at] ?? missing)) ** 2
		sums[channel] = sum
	})
	return sums
}

/** Makes an area clean. @param change Receives the previous change. */
function clear(
	image: Float32Array,
	clean: Float32Array,
	area: Area,
	change: Float64Array | undefined,
	shape: ImageShape,
): void {
	let to = 0
	forEachRun(area, shape, (start, end) => {
		for (let at = start; at < end; at++, to++) {
			const center = clean[at] ?? missing
			if (change) change[to] = (image[at] ?? missing) - center
			image[at] = center
		}
	})
}

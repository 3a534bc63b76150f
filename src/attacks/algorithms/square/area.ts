/** Rectangles of an image, which queries of the Square attack change. */

import { missing } from '../../../core/at.js'

/** [channels, height, width]. */
export type ImageShape = readonly [number, number, number]

/** Rows `top` to `top + height - 1`, and columns likewise, of all channels. */
export interface Area {
	readonly top: number
	readonly left: number
	readonly height: number
	readonly width: number
}

/** A square with this side at a random place; as in the reference, the last possible row and column are never drawn. */
export function drawnSquare(side: number, [, height, width]: ImageShape, stream: { below(n: number): number }): Area {
	const place = (room: number) => (room > 0 ? stream.below(room) : 0)
	return { top: place(height - side), left: place(width - side), height: side, width: side }
}

/** Copies an area from one image to another, [channels · height · width] each. */
export function copyArea(area: Area, shape: ImageShape, from: Float32Array, to: Float32Array): void {
	forEachRun(area, shape, (start, end) => {
		for (let index = start; index < end; index++) to[index] = from[index] ?? missing
	})
}

/** Calls back with the first index of every row of an area, the index after its last, and the channel; channel by channel. */
export function forEachRun(
	{ top, left, height, width }: Area,
	[channels, rows, columns]: ImageShape,
	visit: (start: number, end: number, channel: number) => void,
): void {
	for (let channel = 0; channel < channels; channel++) {
		for (let row = top; row < top + height; row++) {
			const start = (channel * rows + row) * columns + left
			visit(start, start + width, channel)
		}
	}
}

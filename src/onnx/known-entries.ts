/** Rearranges the entries of small tensors known at graph-building time, in row-major order. */

import { at } from '../core/at.js'
import type { Dimension, Node, Shape } from './value.js'

/** Entries of a tensor in row-major order. */
export type Entries = readonly Dimension[]

/** Entries, some of them unknown. */
export type Partial = readonly (Dimension | undefined)[]

/** How an operator's entries follow from those of its inputs. */
export type Rule = (inputs: readonly Entries[], node: Node) => Partial | undefined

/** Whether a tensor has no more than one axis, so that its order is that of the axis. */
export function rowMajor(shape: Shape): boolean {
	return shape.length <= 1
}

/** Entries at some positions of one axis. */
export function gatherAlong(data: Entries, shape: Shape, axis: number, indices: Entries): Partial | undefined {
	const size = shape[axis]
	if (typeof size !== 'number') return undefined
	const inner = count(shape.slice(axis + 1))
	const outer = count(shape.slice(0, axis))
	if (inner === undefined || outer === undefined) return undefined
	return Array.from({ length: outer * indices.length * inner }, (_, position) => {
		const index = indices[Math.floor(position / inner) % indices.length]
		if (typeof index !== 'number' || index < -size || index >= size) return undefined
		const row = Math.floor(position / (inner * indices.length)) * size + (index < 0 ? index + size : index)
		return data[row * inner + (position % inner)]
	})
}

/** Entries of a tensor whose axes are reordered. */
export function permute(data: Entries, node: Node): Partial | undefined {
	const { shape } = at(node.inputs, 0)
	const stored = node.attributes.perm
	const order = stored?.kind === 'ints' ? stored.value : shape.map((_, axis) => shape.length - 1 - axis)
	if (!shape.every((size) => typeof size === 'number')) return undefined
	const strides = shape.map((_, axis) => count(shape.slice(axis + 1))!)
	const target = order.map((axis) => shape[axis] as number)
	return data.map((_, position) => {
		let rest = position
		let from = 0
		for (let axis = target.length - 1; axis >= 0; axis--) {
			from += (rest % at(target, axis)) * at(strides, at(order, axis))
			rest = Math.floor(rest / at(target, axis))
		}
		return data[from]
	})
}

function count(shape: Shape): number | undefined {
	let total = 1
	for (const size of shape) {
		if (typeof size !== 'number') return undefined
		total *= size
	}
	return total
}

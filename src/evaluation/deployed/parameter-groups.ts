/** Groups trainable parameters by the part that they belong to. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { elementCount } from '../../core/tensor.js'
import type { Defense } from '../../defenses/defense.js'
import { count } from '../../records/parts/fields.js'

/** One part of a defense's parameters. */
export const parameterGroupSchema = z.object({
	name: z.string().describe('Such as `visual refiner`.'),
	tensors: count,
	count: count.describe('Numbers in all tensors together.'),
})

/** One part of a defense's parameters; see {@link parameterGroups}. */
export type ParameterGroup = Immutable<z.output<typeof parameterGroupSchema>>

/**
 * Groups parameters by the beginning of their names: `text.context.0` belongs to `text context`,
 * `visual.refiner.1.linear1.weight` to `visual refiner`, `coupling.0.bias` to `coupling`; gates of refiners form a group of
 * their own.
 */
export function parameterGroups({ parameters }: Pick<Defense, 'parameters'>): ParameterGroup[] {
	const groups = new Map<string, { tensors: number; count: number }>()
	for (const [name, { shape }] of parameters) {
		const parts = name.split('.')
		// Everything before the number of the layer.
		const layer = parts.findIndex((part) => /^\d+$/.test(part))
		const group = parts.includes('gate') ? 'gates' : parts.slice(0, layer < 1 ? 1 : layer).join(' ')
		const before = groups.get(group) ?? { tensors: 0, count: 0 }
		groups.set(group, { tensors: before.tensors + 1, count: before.count + elementCount(shape) })
	}
	return [...groups].map(([name, group]) => ({ name, ...group }))
}

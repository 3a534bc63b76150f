/** Random numbers of test-time defenses that the attacker does not know. */

import { z } from 'zod'
import { defined } from '../../core/defined.js'
import type { Tensor } from '../../core/tensor.js'

/** Inputs of a defense's graph that are drawn at random. */
export interface HiddenNumbers {
	/** Their values by name, float32: the same for the same index. Draw 0 is the deployed one; indices are whole numbers. */
	draw(index: number): Readonly<Record<string, Tensor<'float32'>>>
}

/** The option that hides them. */
export const randomisedOption = {
	/** Whether the numbers drawn from `seed` are hidden from the attacker, who has to guess or to average over others. */
	randomised: z.boolean().optional(),
}

/** Leaves the option out where it says no, so that records without it stay what they were. */
export function randomisedOrAbsent<Options extends { readonly randomised?: boolean | undefined }>({
	randomised,
	...others
}: Options): Omit<Options, 'randomised'> & { readonly randomised?: true } {
	return { ...others, ...defined({ randomised: randomised || undefined }) }
}

/** The keys of a random stream for a draw; the deployed one is named as if there were no others. */
export function drawKeys(index: number): readonly (number | string)[] {
	return index === 0 ? [] : ['draw', index]
}

/** Random numbers of test-time defenses that the attacker does not know. */

import { z } from 'zod'
import { defined } from '../../core/defined.js'
import type { Tensor } from '../../core/tensor.js'

/** Randomly drawn inputs of a defense's graph. */
export interface HiddenNumbers {
	/** Their values by name, float32; equal indices give equal values. Draw 0 is the deployed one; indices are whole numbers. */
	draw(index: number): Readonly<Record<string, Tensor<'float32'>>>
}

/** The option that hides them. */
export const randomisedOption = {
	/** Whether to hide the numbers drawn from `seed` from the attacker, who must then guess, or average over others. */
	randomised: z.boolean().optional(),
}

/** Omits the option if it is false, so that records without it stay the same. */
export function randomisedOrAbsent<Options extends { readonly randomised?: boolean | undefined }>({
	randomised,
	...others
}: Options): Omit<Options, 'randomised'> & { readonly randomised?: true } {
	return { ...others, ...defined({ randomised: randomised || undefined }) }
}

/** The keys of a random stream for a draw; the deployed draw is named as if there were no others. */
export function drawKeys(index: number): readonly (number | string)[] {
	return index === 0 ? [] : ['draw', index]
}

/** Options of the common weakness attack. */

import { z } from 'zod'
import { surrogatesOption } from '../transfer/surrogate.js'

export const cwaSchema = z.strictObject({
	/** Models to make the images on, all for the classes of the data. */
	surrogates: surrogatesOption,
	/** `mi`: a step back against the ensemble, then a step along each surrogate. `ssa`: spectrum copies, no step back. */
	variant: z.enum(['mi', 'ssa']).default('mi'),
	/** Outer steps. */
	steps: z.int().positive().default(10),
	/** Where the first step starts. */
	start: z.enum(['zero', 'uniform']).default('zero'),
	/** Decay of both momenta. */
	decay: z.number().nonnegative().default(1),
	/** Length of the step back as a multiple of epsilon. */
	relativeReverseStep: z
		.number()
		.nonnegative()
		.default(1 / 15),
	/**
	 * Length of an inner step in pixel units, along a momentum of vectors of length 1. The reference's 250 reaches the
	 * border of the ball in nearly every pixel for any epsilon, so it does not scale with epsilon.
	 */
	innerStep: z.number().positive().default(250),
	/** Length of an outer step as a multiple of epsilon. */
	relativeOuterStep: z
		.number()
		.positive()
		.default(1 / 5),
	/** How to combine logits for the step back. */
	ensemble: z.enum(['sum', 'mean']).default('sum'),
	/** Spectrum copies per gradient. */
	copies: z.int().positive().default(20),
	/** Standard deviation of a copy's noise as a multiple of epsilon. */
	relativeNoise: z.number().nonnegative().default(1),
	/** Half-width of the random factors of frequencies around 1. */
	rho: z.number().min(0).max(1).default(0.5),
})

/** Options of the common weakness attack; all but the surrogates have defaults. */
export type CwaOptions = z.input<typeof cwaSchema>

/** Options of the common weakness attack with defaults filled in. */
export type CwaSettings = z.output<typeof cwaSchema>

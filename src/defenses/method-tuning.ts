/**
 * What makes a method besides its parameters: its loss, and what the inner attack maximises, of which model and when. These
 * are parts of every tuning configuration; budgets such as epochs, rates and epsilon come from presets.
 */

import { z } from 'zod'
import { lossNames } from './tuning-losses.js'

/** Of the inner attack. */
export const methodAttack = {
	/** The clean image, a random point of the ball, or (AdvPT) of the part of it where no pixel is smaller. */
	start: z.enum(['zero', 'uniform', 'one-sided']).default('zero'),
	/** What it maximises; the others drive predictions or image features away from the clean image's own, the last from those before tuning. */
	objective: z.enum(['cross-entropy', 'kl-to-clean', 'feature-kl', 'embedding-distance']).default('cross-entropy'),
	/** Which model it attacks: the one under tuning, or CLIP as it was with hand-written templates. */
	target: z.enum(['tuned', 'vanilla']).default('tuned'),
	/**
	 * At every step, or once before the first one: then tuning reads a bank of image features of the training images
	 * without augmentation. Only for methods that leave the image tower as it is.
	 */
	when: z.enum(['every-step', 'once']).default('every-step'),
}

/** Of tuning as a whole. */
export const methodSettings = {
	loss: z.enum(lossNames).default('clean-plus-adversarial'),
	/** Weight of the adversarial part of the loss over epochs (equation 17 for `sigmoid`). */
	alpha: z
		.strictObject({
			kind: z.enum(['sigmoid', 'linear', 'constant']).default('sigmoid'),
			alpha: z.number().nonnegative().default(5),
		})
		.prefault({}),
	/**
	 * `random-resized-crop` with flip (the reference), `crop-and-flip` for small pictures, or `none`, which a bank of
	 * features always has.
	 */
	augmentation: z.enum(['random-resized-crop', 'crop-and-flip', 'none']).default('random-resized-crop'),
}

const methodTuning = z.strictObject({ ...methodSettings, attack: z.strictObject(methodAttack).prefault({}) })

/** What a method sets of these; the rest is left to the defaults. */
export type MethodTuning = z.input<typeof methodTuning>

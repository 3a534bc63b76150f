/**
 * What defines a method besides its parameters: its loss, and the inner attack's objective, target model and timing. Every
 * tuning configuration includes these; presets set budgets such as epochs, rates and epsilon.
 */

import { z } from 'zod'
import { lossNames } from './tuning-losses.js'

/** Settings of the inner attack. */
export const methodAttack = {
	/** The clean image, a random point of the ball, or (AdvPT) of the part where no pixel is below the clean one. */
	start: z.enum(['zero', 'uniform', 'one-sided']).default('zero'),
	/**
	 * Its objective; all but the cross entropy drive predictions or image features away from those of the clean image, the
	 * last one from those before tuning.
	 */
	objective: z.enum(['cross-entropy', 'kl-to-clean', 'feature-kl', 'embedding-distance']).default('cross-entropy'),
	/** The model that it attacks: the one under tuning, or the original CLIP with hand-written templates. */
	target: z.enum(['tuned', 'vanilla']).default('tuned'),
	/**
	 * At every step, or once before the first one: then tuning reads a bank of image features of the training images without
	 * augmentation. Only for methods that leave the image tower unchanged.
	 */
	when: z.enum(['every-step', 'once']).default('every-step'),
}

/** Settings of tuning as a whole. */
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

/** What a method sets; defaults supply the rest. */
export type MethodTuning = z.input<typeof methodTuning>

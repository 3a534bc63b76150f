/**
 * Adversarial training of the image tower on cosine logits, where its loss equals TeCoA's; inner attacks differ in their
 * references.
 */

import { defineDefense } from './define-defense.js'
import { imageTowerDefense, imageTowerSchema } from './image-tower-weights.js'

/** Adversarial training (Madry et al., 2018). */
export const adversarialTraining = defineDefense({
	name: 'adversarial-training',
	doc: 'Fine-tunes the image tower by cross entropy on adversarial images: standard adversarial training on cosine logits.',
	source: 'Madry et al. 2018, arXiv 1706.06083',
	schema: imageTowerSchema,
	tuning: { loss: 'adversarial', attack: { start: 'uniform' } },
	build: imageTowerDefense,
})

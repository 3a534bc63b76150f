/**
 * FARE: unsupervised adversarial fine-tuning, which keeps the embedding of an attacked image near that of the clean image
 * before tuning.
 */

import { defineDefense } from './define-defense.js'
import { imageTowerDefense, imageTowerSchema } from './image-tower-weights.js'

/** FARE (Schlarmann et al., 2024). */
export const fare = defineDefense({
	name: 'fare',
	doc: 'Fine-tunes the image tower to keep the embeddings of clean images under attack; uses no labels.',
	source: 'Schlarmann et al. 2024 (FARE), arXiv 2402.12336; loss and inner attack as in chs20/RobustVLM',
	schema: imageTowerSchema,
	tuning: { loss: 'fare', attack: { objective: 'embedding-distance', start: 'uniform' } },
	build: imageTowerDefense,
})

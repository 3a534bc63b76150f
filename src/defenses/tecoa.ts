/** TeCoA: fine-tunes the image tower by text-guided contrastive adversarial training. */

import { defineDefense } from './define-defense.js'
import { imageTowerDefense, imageTowerSchema } from './image-tower-weights.js'

/** TeCoA (Mao et al., 2023). */
export const tecoa = defineDefense({
	name: 'tecoa',
	doc: 'Fine-tunes the image tower by cross entropy on adversarial images, with the text features of the classes.',
	source: 'Mao et al. 2023 (TeCoA), arXiv 2212.07016; loss as in chs20/RobustVLM',
	schema: imageTowerSchema,
	tuning: { loss: 'adversarial', attack: { start: 'uniform' } },
	build: imageTowerDefense,
})

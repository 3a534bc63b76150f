/** TRADES on the image tower. */

import { defineDefense } from './define-defense.js'
import { imageTowerDefense, imageTowerSchema } from './image-tower-weights.js'

/** TRADES (Zhang et al., 2019), beta 6. */
export const trades = defineDefense({
	name: 'trades',
	doc: 'Fine-tunes the image tower by clean cross entropy and the divergence of clean and adversarial predictions.',
	source: 'Zhang et al. 2019 (TRADES), arXiv 1901.08573; loss as in yaodongyu/TRADES',
	schema: imageTowerSchema,
	tuning: {
		loss: 'trades',
		alpha: { kind: 'constant', alpha: 6 },
		attack: { objective: 'kl-to-clean', start: 'uniform' },
	},
	build: imageTowerDefense,
})

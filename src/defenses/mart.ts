/** MART on the image tower. */

import { defineDefense } from './define-defense.js'
import { imageTowerDefense, imageTowerSchema } from './image-tower-weights.js'

/** MART (Wang et al., 2020), beta 6 as in its code. */
export const mart = defineDefense({
	name: 'mart',
	doc: 'Fine-tunes the image tower by a boosted cross entropy and a divergence that weights images by the uncertainty of the model.',
	source: 'Wang et al. 2020 (MART), ICLR; loss as in YisenWang/MART',
	schema: imageTowerSchema,
	tuning: { loss: 'mart', alpha: { kind: 'constant', alpha: 6 }, attack: { start: 'uniform' } },
	build: imageTowerDefense,
})

/** CLIP's towers (Radford et al., 2021): a class token in images, a causal text tower read at its end token. */

import { expectedWeights } from './expected-weights.js'
import { imageTower, patchCount } from './image-tower.js'
import { logScale } from './model.js'
import { similarityLogits } from './similarity.js'
import { textTower } from './text-tower.js'
import type { Towers } from './tower.js'

/** Of transformers' CLIP, and of all whose weights are mapped to its names. */
export const clipTowers: Towers = {
	title: 'CLIP',
	imageTokens: (vision) => 1 + patchCount(vision),
	classToken: true,
	blocks: true,
	startTokens: 1,
	tokenEmbedding: 'text_model.embeddings.token_embedding.weight',
	probabilities: 'softmax',
	expectedWeights,
	image: (pixels, { config, statistics, weights }, options) =>
		imageTower(pixels, config.vision, statistics, weights, options),
	text: (ids, endPosition, { config, weights }, options) => textTower(ids, endPosition, config.text, weights, options),
	logits: (image, text, model) => similarityLogits(image, text, logScale(model)),
}

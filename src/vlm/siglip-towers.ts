/**
 * SigLIP's towers (Zhai et al., 2023; SigLIP 2 at fixed resolution is the same network): no class token, patches pooled by
 * attention from a learned probe, a bidirectional text tower read at its last position, logits with a bias.
 *
 * Context vectors of the image tower follow the patches, as in CLIP. The pooling reads only the patches: the context affects
 * them inside the blocks, but its own vectors are not part of the picture.
 */

import { defined } from '../core/defined.js'
import { ops, originate } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import { layerNormWeights, layerWeights, linearWeights } from './expected-weights.js'
import { normalisedPixels, patchCount, patchTokens } from './image-tower.js'
import { logScale } from './model.js'
import { similarityLogits } from './similarity.js'
import { embeddedText, pooledText } from './text-tower.js'
import type { Towers } from './tower.js'
import { attention, feedForward, tokenCount, transformer, unfold } from './transformer.js'

/** Of transformers' SiglipModel. */
export const siglipTowers: Towers = {
	title: 'SigLIP',
	imageTokens: patchCount,
	classToken: false,
	blocks: true,
	startTokens: 0,
	tokenEmbedding: 'text_model.embeddings.token_embedding.weight',
	probabilities: 'sigmoid',
	expectedWeights({ projectionDimension, text, vision }) {
		const head = 'vision_model.head'
		return new Map<string, readonly number[]>([
			['logit_scale', [1]],
			['logit_bias', [1]],
			['text_model.embeddings.token_embedding.weight', [text.vocabularySize, text.width]],
			['text_model.embeddings.position_embedding.weight', [text.contextLength, text.width]],
			...layerWeights('text_model', text),
			...layerNormWeights('text_model.final_layer_norm', text.width),
			...linearWeights('text_model.head', projectionDimension, text.width),
			[
				'vision_model.embeddings.patch_embedding.weight',
				[vision.width, vision.channels, vision.patchSize, vision.patchSize],
			],
			['vision_model.embeddings.patch_embedding.bias', [vision.width]],
			['vision_model.embeddings.position_embedding.weight', [patchCount(vision), vision.width]],
			...layerWeights('vision_model', vision),
			...layerNormWeights('vision_model.post_layernorm', vision.width),
			[`${head}.probe`, [1, 1, vision.width]],
			...['k_proj', 'v_proj', 'q_proj', 'out_proj'].flatMap((name) =>
				linearWeights(`${head}.attention.${name}`, vision.width, vision.width),
			),
			...layerNormWeights(`${head}.layernorm`, vision.width),
			...linearWeights(`${head}.mlp.fc1`, vision.mlpWidth, vision.width),
			...linearWeights(`${head}.mlp.fc2`, vision.width, vision.mlpWidth),
		])
	},
	image(pixels, { config, statistics, weights }, options) {
		const { vision } = config
		const { width, layerNormEpsilon } = vision
		const patches = patchCount(vision)
		const embedded = ops.add(
			patchTokens(
				normalisedPixels(pixels, vision, statistics),
				vision,
				weights,
				'vision_model.embeddings.patch_embedding.bias',
			),
			weights('vision_model.embeddings.position_embedding.weight'),
		)
		const start = options.beforePreNorm ? options.beforePreNorm(embedded) : embedded
		originate('vision_model.embeddings', [start])
		const withoutPrompts = (tokens: Value) =>
			tokenCount(tokens) === patches ? tokens : ops.slice(tokens, 1, 0, patches)
		const { tokens, layerInputs } = transformer(start, vision, weights, {
			prefix: 'vision_model.encoder',
			...defined({
				beforeLayer: options.beforeLayer || undefined,
				// Nothing after the last block reads its prompts.
				selectRow: options.allTokens ? undefined : withoutPrompts,
			}),
		})
		const norm = (x: Value, name: string) =>
			ops.layerNorm(x, weights(`${name}.weight`), weights(`${name}.bias`), layerNormEpsilon)
		const normed = norm(withoutPrompts(tokens), 'vision_model.post_layernorm')
		const head = 'vision_model.head'
		const probe = ops.repeatForBatch(weights(`${head}.probe`, [1, width]), normed)
		const pooled = attention(probe, normed, vision, weights, `${head}.attention`, undefined)
		const mlp = feedForward(norm(pooled, `${head}.layernorm`), vision, weights, `${head}.mlp`)
		const features = ops.reshape(ops.add(pooled, unfold(mlp, 1, width)), [-1, width])
		return { features: originate(head, [features]), layerInputs, tokens }
	},
	text(ids, endPosition, { config, weights }, options) {
		const { start } = embeddedText(ids, config.text, weights, options)
		const end = ops.unsqueeze(endPosition, [1])
		const { tokens, layerInputs } = transformer(start, config.text, weights, {
			prefix: 'text_model.encoder',
			selectRow: (all) => ops.matmul(end, all),
			...defined({ beforeLayer: options.beforeLayer || undefined }),
		})
		const pooled = pooledText(tokens, config.text, weights)
		const features = ops.linear(pooled, weights('text_model.head.weight'), weights('text_model.head.bias'))
		return { features: originate('text_model.head', [features]), layerInputs }
	},
	logits: (image, text, model) =>
		ops.add(similarityLogits(image, text, logScale(model)), ops.reshape(model.weights('logit_bias'), [])),
}

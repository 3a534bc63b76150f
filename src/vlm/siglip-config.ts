/** The geometry of a SigLIP (1, or 2 at fixed resolution), read from transformers' `config.json`. */

import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { type ClipConfig, parseFields, squareSide, transformerConfig } from './config.js'

const size = z
	.int()
	.positive()
	.max(1 << 24)
const count = z.int().positive().max(1024)
const square = z.union([size, z.tuple([size, size])])
// Missing keys take the defaults of transformers' SiglipTextConfig, SiglipVisionConfig and SiglipConfig.
const tower = {
	hidden_size: size.default(768),
	intermediate_size: size.default(3072),
	num_hidden_layers: count.default(12),
	num_attention_heads: size.default(12),
	hidden_act: z.string().default('gelu_pytorch_tanh'),
	layer_norm_eps: z.number().positive().default(1e-6),
}
const textSchema = z.object({
	...tower,
	vocab_size: size.default(32000),
	max_position_embeddings: size.default(64),
	projection_size: size.nullish(),
})
const visionSchema = z.object({
	...tower,
	num_channels: z.literal(3).default(3),
	image_size: square.default(224),
	patch_size: square.default(16),
	vision_use_head: z.boolean().default(true),
})
const nested = z.record(z.string(), z.unknown()).nullish()
const siglipSchema = z.object({ text_config: nested, vision_config: nested })

/**
 * @param json The parsed file, of `model_type` `siglip`.
 * @throws NaptuneError when values have the wrong form or make no sense, or a head is missing.
 */
export function parseSiglipConfig(json: unknown, name = 'config.json'): ClipConfig {
	const top = parseFields(siglipSchema, json, name)
	const text = parseFields(textSchema, top.text_config ?? {}, `${name}, text_config`)
	const vision = parseFields(visionSchema, top.vision_config ?? {}, `${name}, vision_config`)
	if (!vision.vision_use_head) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name}, vision_config: vision_use_head is false, so images have no features to compare with texts. Use a complete SiglipModel.`,
		)
	}
	const projection = text.projection_size ?? text.hidden_size
	if (projection !== vision.hidden_size) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name}: texts have features of ${projection} numbers (projection_size of text_config), images of ${vision.hidden_size} (hidden_size of vision_config); both must be equal. Use a complete SiglipModel.`,
		)
	}
	const imageSize = squareSide(vision.image_size, 'image_size', name)
	const patchSize = squareSide(vision.patch_size, 'patch_size', name)
	if (imageSize < patchSize) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name}, vision_config: image_size ${imageSize} is smaller than patch_size ${patchSize}. Correct one of them.`,
		)
	}
	return {
		family: 'siglip',
		projectionDimension: projection,
		text: {
			...transformerConfig(text, `${name}, text_config`),
			contextLength: text.max_position_embeddings,
			vocabularySize: text.vocab_size,
			// The tokenizer knows its end token; the feature is read at the last position whatever stands there.
			endTokenId: 1,
			bosTokenId: 1,
			eosRule: 'last',
			padTo: text.max_position_embeddings,
			cleanUp: false,
		},
		vision: { ...transformerConfig(vision, `${name}, vision_config`), imageSize, patchSize, channels: 3 },
	}
}

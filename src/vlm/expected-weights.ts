/** Names and shapes of all weights of a Hugging Face CLIPModel. */

import type { ClipConfig, TransformerConfig } from './config.js'

/**
 * Every weight that a config implies, by its name in the checkpoint, with its shape. Linear layers are [out, in].
 * `vision_model.pre_layrnorm` is spelled so in all published checkpoints.
 */
export function expectedWeights({ projectionDimension, text, vision }: ClipConfig): Map<string, readonly number[]> {
	const patches = (vision.imageSize / vision.patchSize) ** 2
	return new Map<string, readonly number[]>([
		['logit_scale', []],
		['text_model.embeddings.token_embedding.weight', [text.vocabularySize, text.width]],
		['text_model.embeddings.position_embedding.weight', [text.contextLength, text.width]],
		...layers('text_model', text),
		...layerNorm('text_model.final_layer_norm', text.width),
		['text_projection.weight', [projectionDimension, text.width]],
		['vision_model.embeddings.class_embedding', [vision.width]],
		[
			'vision_model.embeddings.patch_embedding.weight',
			[vision.width, vision.channels, vision.patchSize, vision.patchSize],
		],
		['vision_model.embeddings.position_embedding.weight', [patches + 1, vision.width]],
		...layerNorm('vision_model.pre_layrnorm', vision.width),
		...layers('vision_model', vision),
		...layerNorm('vision_model.post_layernorm', vision.width),
		['visual_projection.weight', [projectionDimension, vision.width]],
	])
}

type Entry = readonly [string, readonly number[]]

function layers(tower: string, { layers: count, width, mlpWidth }: TransformerConfig): Entry[] {
	return Array.from({ length: count }, (_, index) => `${tower}.encoder.layers.${index}`).flatMap((layer) => [
		...['k_proj', 'v_proj', 'q_proj', 'out_proj'].flatMap((name) => linear(`${layer}.self_attn.${name}`, width, width)),
		...layerNorm(`${layer}.layer_norm1`, width),
		...linear(`${layer}.mlp.fc1`, mlpWidth, width),
		...linear(`${layer}.mlp.fc2`, width, mlpWidth),
		...layerNorm(`${layer}.layer_norm2`, width),
	])
}

function linear(name: string, outputs: number, inputs: number): Entry[] {
	return [
		[`${name}.weight`, [outputs, inputs]],
		[`${name}.bias`, [outputs]],
	]
}

function layerNorm(name: string, width: number): Entry[] {
	return [
		[`${name}.weight`, [width]],
		[`${name}.bias`, [width]],
	]
}

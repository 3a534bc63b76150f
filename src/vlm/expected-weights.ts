/** Names and shapes of all weights of a Hugging Face CLIPModel. */

import { NaptuneError } from '../core/errors.js'
import { isFloatDtype } from '../files/float-formats.js'
import type { Dtype } from '../files/safetensors-dtype.js'
import type { ClipConfig, TransformerConfig } from './config.js'

/** Maximum number of disagreements in one error. */
const longestList = 20

/**
 * Compares weights with what a config implies.
 * @param found Element type and shape of each tensor of the files, by name; unexpected names are ignored.
 * @param expected Shape of each weight that must be there.
 * @param where Start of an error message, naming the files that disagree.
 * @throws NaptuneError listing the weights that are missing, of another shape or of another type.
 */
export function checkWeights(
	found: ReadonlyMap<string, { readonly dtype: Dtype; readonly shape: readonly number[] }>,
	expected: ReadonlyMap<string, readonly number[]>,
	where: string,
): void {
	const problems: string[] = []
	for (const [name, shape] of expected) {
		const own = found.get(name)
		if (!own) problems.push(`${name} is missing (expected [${shape.join(', ')}])`)
		else if (!sameShape(own.shape, shape)) {
			problems.push(`${name} is [${own.shape.join(', ')}]; expected [${shape.join(', ')}]`)
		} else if (!isFloatDtype(own.dtype)) {
			problems.push(`${name} is of type ${own.dtype}; expected F32, F16, BF16 or F64`)
		}
	}
	if (problems.length === 0) return
	const more = problems.length > longestList ? `\n  and ${problems.length - longestList} more` : ''
	throw new NaptuneError(
		'NAP_MODEL_INVALID',
		`${where} disagree about ${problems.length} of ${expected.size} tensors:\n  ${problems.slice(0, longestList).join('\n  ')}${more}\nTake both from the same model.`,
	)
}

/** Single numbers, such as the logit scale, are kept as scalars or as lists of one. */
function sameShape(own: readonly number[], expected: readonly number[]): boolean {
	if ([own, expected].every((shape) => shape.every((n) => n === 1))) return true
	return own.length === expected.length && own.every((n, axis) => n === expected[axis])
}

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
		...layerWeights('text_model', text),
		...layerNormWeights('text_model.final_layer_norm', text.width),
		['text_projection.weight', [projectionDimension, text.width]],
		['vision_model.embeddings.class_embedding', [vision.width]],
		[
			'vision_model.embeddings.patch_embedding.weight',
			[vision.width, vision.channels, vision.patchSize, vision.patchSize],
		],
		['vision_model.embeddings.position_embedding.weight', [patches + 1, vision.width]],
		...layerNormWeights('vision_model.pre_layrnorm', vision.width),
		...layerWeights('vision_model', vision),
		...layerNormWeights('vision_model.post_layernorm', vision.width),
		['visual_projection.weight', [projectionDimension, vision.width]],
	])
}

type Entry = readonly [string, readonly number[]]

/** Of all blocks of a tower. */
export function layerWeights(tower: string, { layers: count, width, mlpWidth }: TransformerConfig): Entry[] {
	return Array.from({ length: count }, (_, index) => `${tower}.encoder.layers.${index}`).flatMap((layer) => [
		...['k_proj', 'v_proj', 'q_proj', 'out_proj'].flatMap((name) =>
			linearWeights(`${layer}.self_attn.${name}`, width, width),
		),
		...layerNormWeights(`${layer}.layer_norm1`, width),
		...linearWeights(`${layer}.mlp.fc1`, mlpWidth, width),
		...linearWeights(`${layer}.mlp.fc2`, width, mlpWidth),
		...layerNormWeights(`${layer}.layer_norm2`, width),
	])
}

/** Of a linear layer, [out, in]. */
export function linearWeights(name: string, outputs: number, inputs: number): Entry[] {
	return [
		[`${name}.weight`, [outputs, inputs]],
		[`${name}.bias`, [outputs]],
	]
}

/** Of a layer normalization. */
export function layerNormWeights(name: string, width: number): Entry[] {
	return [
		[`${name}.weight`, [width]],
		[`${name}.bias`, [width]],
	]
}

/** The error for weights that are not finite. */
export function nonFiniteError(names: readonly string[], file: string): NaptuneError {
	const shown = names.slice(0, 10).join(', ') + (names.length > 10 ? ` and ${names.length - 10} more` : '')
	return new NaptuneError(
		'NAP_MODEL_INVALID',
		`${file} holds numbers that are not finite in float32 (NaN or infinity) in ${shown}. The checkpoint is damaged or its training diverged; use another one.`,
	)
}

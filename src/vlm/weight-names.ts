/**
 * The weights of all layouts by the names that transformers gives them, without copying: fused projections become slices,
 * matrices stored transposed are read with exchanged strides.
 */

import { at } from '../core/at.js'

/** A tensor somewhere in a file. */
export interface PlacedTensor {
	readonly shape: readonly number[]
	/** Absolute offset of the first element. */
	readonly offset: number
	/** Step of each dimension in elements; undefined when row-major without gaps. */
	readonly strides?: readonly number[]
}

/** Which layout the names of a file are of. */
export type WeightLayout = 'transformers' | 'open_clip'

/** Whose names these are. OpenAI's and open_clip's are the same. */
export function layoutOf(names: ReadonlySet<string> | ReadonlyMap<string, unknown>): WeightLayout {
	for (const name of names.keys()) if (/(^|\.)transformer\.resblocks\.0\./.test(name)) return 'open_clip'
	return 'transformers'
}

/**
 * Tensors by transformers' names.
 * @param elementSize Bytes per element of a tensor.
 * @param tower Of a file that holds the image tower alone (FARE, TeCoA): its names lack `visual.`.
 */
export function canonicalWeights<T extends PlacedTensor>(
	tensors: ReadonlyMap<string, T>,
	elementSize: (tensor: T) => number,
	tower: 'both' | 'image' | 'text' = 'both',
): Map<string, T> {
	const openClip = layoutOf(tensors) === 'open_clip'
	const renamed = new Map<string, T>()
	for (const [name, tensor] of tensors) {
		const full = tower === 'image' && openClip && !name.startsWith('visual.') ? `visual.${name}` : name
		for (const [own, part] of parts(openClip ? openClipName(full) : full, tensor, elementSize(tensor))) {
			renamed.set(own, part)
		}
	}
	return renamed
}

/** Whole tensors, or the three parts of a fused projection. */
function parts<T extends PlacedTensor>(name: string, tensor: T, bytes: number): [string, T][] {
	if (name === 'visual_projection.weight.transposed' || name === 'text_projection.weight.transposed') {
		return [[name.slice(0, -'.transposed'.length), transposed(tensor)]]
	}
	// Some programs keep the scale as a list of one number.
	if (name === 'logit_scale.scalar') return [['logit_scale', tensor.shape[0] === 1 ? { ...tensor, shape: [] } : tensor]]
	const fused = /^(.*)\.in_proj_(weight|bias)$/.exec(name)
	if (!fused) return [[name, tensor]]
	const [, before, kind] = fused
	const { shape, strides, offset } = tensor
	const rows = (shape[0] ?? 0) / 3
	if (!Number.isInteger(rows)) return [[name, tensor]]
	const step = strides ? at(strides, 0) : shape.slice(1).reduce((product, n) => product * n, 1)
	return ['q_proj', 'k_proj', 'v_proj'].map((projection, index) => [
		`${before}.${projection}.${kind}`,
		{ ...tensor, shape: [rows, ...shape.slice(1)], offset: offset + index * rows * step * bytes },
	])
}

function transposed<T extends PlacedTensor>(tensor: T): T {
	const [rows, columns] = tensor.shape
	if (tensor.shape.length !== 2 || rows === undefined || columns === undefined) return tensor
	const [first = columns, second = 1] = tensor.strides ?? []
	return { ...tensor, shape: [columns, rows], strides: [second, first] }
}

const endings: readonly (readonly [RegExp, string])[] = [
	[/^transformer\.resblocks\.(\d+)\.ln_([12])\./, 'encoder.layers.$1.layer_norm$2.'],
	[/^transformer\.resblocks\.(\d+)\.attn\./, 'encoder.layers.$1.self_attn.'],
	[/^transformer\.resblocks\.(\d+)\.mlp\.c_fc\./, 'encoder.layers.$1.mlp.fc1.'],
	[/^transformer\.resblocks\.(\d+)\.mlp\.c_proj\./, 'encoder.layers.$1.mlp.fc2.'],
	[/^positional_embedding$/, 'embeddings.position_embedding.weight'],
	// The image tower's.
	[/^class_embedding$/, 'embeddings.class_embedding'],
	[/^conv1\./, 'embeddings.patch_embedding.'],
	[/^ln_pre\./, 'pre_layrnorm.'],
	[/^ln_post\./, 'post_layernorm.'],
	// The text tower's.
	[/^token_embedding\./, 'embeddings.token_embedding.'],
	[/^ln_final\./, 'final_layer_norm.'],
]

/** Names of open_clip and openai/CLIP: the image tower's begin with `visual.`, newer text towers' with `text.`. */
function openClipName(name: string): string {
	if (name === 'logit_scale') return 'logit_scale.scalar'
	if (name === 'visual.proj') return 'visual_projection.weight.transposed'
	if (name === 'text_projection' || name === 'text.text_projection') return 'text_projection.weight.transposed'
	const image = name.startsWith('visual.')
	const own = image ? name.slice('visual.'.length) : name.replace(/^text\./, '')
	for (const [pattern, replacement] of endings) {
		if (pattern.test(own)) return `${image ? 'vision_model' : 'text_model'}.${own.replace(pattern, replacement)}`
	}
	return name
}

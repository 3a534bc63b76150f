/** A CLIP in one file of weights, without a config: OpenAI's own `.pt`, or any with the name of its architecture. */

import { NaptuneError } from '../core/errors.js'
import type { ClipConfig } from '../vlm/config.js'
import { expectedWeights } from '../vlm/expected-weights.js'
import { parseOpenClipModel } from '../vlm/open-clip-config.js'
import { layoutOf } from '../vlm/weight-names.js'
import { architecture, architectureNames } from './architectures.js'
import { canonicalStored } from './name-prefix.js'
import type { StoredTensor, StoredWeights } from './weight-files.js'

/**
 * The config of a bare file.
 * @param name Name of its architecture, if given. OpenAI's own files need none, since their shapes determine the geometry.
 * @param onNotice Called when QuickGELU is used although the architecture does not say so.
 * @throws NaptuneError for an unknown architecture; without one, where the file is not OpenAI's, naming those that fit.
 */
export async function bareConfig(
	file: string,
	stored: StoredWeights,
	name: string | undefined,
	onNotice: (notice: string) => void,
): Promise<ClipConfig> {
	const { tensors } = canonicalStored(stored).weights
	// Numbers that OpenAI's models carry as tensors and that open_clip does not keep.
	const isOpenAi = ['input_resolution', 'context_length', 'vocab_size'].every((key) => stored.tensors.has(key))
	if (name !== undefined) {
		const { name: own, model } = await architecture(name)
		const config = parseOpenClipModel(model, own, isOpenAi ? 'openai' : 'open_clip')
		if (!isOpenAi || config.vision.activation === 'quick_gelu') return config
		onNotice(
			`${file} is an original OpenAI model, which uses QuickGELU; loading it as the architecture ${own} with QuickGELU.`,
		)
		return withQuickGelu(config)
	}
	if (isOpenAi) return openAiConfig(file, tensors)
	if (!tensors.has('vision_model.embeddings.patch_embedding.weight')) {
		throw new NaptuneError(
			'NAP_MODEL_INVALID',
			`${file} holds no image tower of a CLIP. Use a folder with a config, or a file of openai/CLIP or open_clip.`,
		)
	}
	if (layoutOf(stored.tensors) === 'transformers') {
		throw new NaptuneError(
			'NAP_MODEL_MISSING',
			`${file} is a file with weights of transformers, which need the config.json beside them. Give the folder instead.`,
		)
	}
	const fitting = await fittingArchitectures(tensors)
	throw new NaptuneError(
		'NAP_OPTION_MISSING',
		`${file} is a bare file of weights without an architecture. Give one with --architecture${fitting.length > 0 ? `; by its shapes it is one of ${fitting.join(', ')}` : `: one of ${(await architectureNames()).join(', ')}`}. Models trained with QuickGELU (OpenAI's, MetaCLIP, DFN) need the one that ends in -quickgelu.`,
	)
}

function withQuickGelu(config: ClipConfig): ClipConfig {
	const activation = 'quick_gelu'
	return { ...config, text: { ...config.text, activation }, vision: { ...config.vision, activation } }
}

type Tensors = ReadonlyMap<string, StoredTensor>

async function fittingArchitectures(tensors: Tensors): Promise<string[]> {
	const fitting: string[] = []
	for (const name of await architectureNames()) {
		const expected = expectedWeights(parseOpenClipModel((await architecture(name)).model, name))
		const fits = [...expected].every(([key, shape]) => {
			const own = tensors.get(key)?.shape
			return own !== undefined && own.length === shape.length && own.every((n, axis) => n === shape[axis])
		})
		if (fits) fitting.push(name)
	}
	return fitting
}

/** The geometry that the shapes of an OpenAI model imply: heads are 64 wide, feed-forward layers four times the width. */
function openAiConfig(file: string, tensors: Tensors): ClipConfig {
	const shape = (name: string): readonly number[] => tensors.get(name)?.shape ?? []
	const [width = 0, , patch = 0] = shape('vision_model.embeddings.patch_embedding.weight')
	const [positions = 0] = shape('vision_model.embeddings.position_embedding.weight')
	const [contextLength = 0, textWidth = 0] = shape('text_model.embeddings.position_embedding.weight')
	const [vocabulary = 0] = shape('text_model.embeddings.token_embedding.weight')
	const [projection = 0] = shape('text_projection.weight')
	const layers = (tower: string) => {
		let count = 0
		while (tensors.has(`${tower}.encoder.layers.${count}.layer_norm1.weight`)) count++
		return count
	}
	const side = Math.sqrt(positions - 1)
	if (layers('vision_model') === 0 || !Number.isInteger(side)) {
		throw new NaptuneError(
			'NAP_MODEL_INVALID',
			`${file} is a CLIP of OpenAI without a vision transformer (a ResNet), which has no tokens. Export its two encoders to ONNX and give them with --image-encoder and --text-encoder; attacks, zero-shot classification and methods on the text side support them.`,
		)
	}
	return parseOpenClipModel(
		{
			embed_dim: projection,
			quick_gelu: true,
			vision_cfg: {
				image_size: side * patch,
				layers: layers('vision_model'),
				width,
				patch_size: patch,
				head_width: headWidth(width),
			},
			text_cfg: {
				context_length: contextLength,
				vocab_size: vocabulary,
				width: textWidth,
				heads: textWidth / headWidth(textWidth),
				layers: layers('text_model'),
			},
		},
		file,
		'openai',
	)
}

/** 64 in all released models. A width that it does not divide, as in tests, is one head. */
function headWidth(width: number): number {
	return width % 64 === 0 ? 64 : width
}

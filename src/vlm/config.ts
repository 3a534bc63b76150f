/** The geometry of a CLIP model, read from a Hugging Face `config.json`. */

import { z } from 'zod'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { shown } from '../core/shown.js'

/**
 * Activation of a transformer's MLP: `quick_gelu` is x * sigmoid(1.702 x), `gelu` the exact one with erf, `gelu_tanh` its
 * approximation with tanh.
 */
export type Activation = 'quick_gelu' | 'gelu' | 'gelu_tanh'

/**
 * What kind of model a config describes. Missing in configs of transformers' CLIP, whose records were written before there
 * were others. `open_clip` and `openai` are CLIPs by those libraries; `encoders` is a pair of ONNX files.
 */
export type Family = 'open_clip' | 'openai' | 'siglip' | 'encoders'

/** Fields common to both transformers of a CLIP. */
export interface TransformerConfig {
	/** Width of the residual stream. */
	readonly width: number
	readonly layers: number
	/** Attention heads; divides `width`. */
	readonly heads: number
	/** Width of the hidden layer of each MLP. */
	readonly mlpWidth: number
	readonly activation: Activation
	readonly layerNormEpsilon: number
}

/** The text transformer. */
export interface TextConfig extends TransformerConfig {
	/** Number of positions, start and end token included. */
	readonly contextLength: number
	readonly vocabularySize: number
	/** Id of the token whose position gives the text feature. With `argmax` it is the highest id of the vocabulary. */
	readonly endTokenId: number
	/** Id of the start token. With `argmax` (whose configs hold a wrong id) it is the second highest of the vocabulary. */
	readonly bosTokenId: number
	/** Id used for padding; undefined where the config has none. */
	readonly padTokenId?: number
	/**
	 * How to find the position that gives the text feature: `argmax` takes that of the highest id (legacy configs with
	 * `eos_token_id` 2), `first-match` the first one that holds `endTokenId`, `last` the last one of the row, padding or not.
	 */
	readonly eosRule: 'argmax' | 'first-match' | 'last'
	/** Length to which every row is padded, if the model was trained that way; otherwise that of the longest text. */
	readonly padTo?: number
	/** Whether texts are cleaned up as openai/CLIP does; missing means yes. */
	readonly cleanUp?: boolean
}

/** The image transformer. */
export interface VisionConfig extends TransformerConfig {
	/** Height and width of the input in pixels; a multiple of `patchSize`. */
	readonly imageSize: number
	readonly patchSize: number
	/** Colour channels of the input; always 3. */
	readonly channels: number
}

/** A CLIP of two transformers. */
export interface ClipConfig {
	/** Missing for transformers' CLIP. */
	readonly family?: Family
	/** Length of image and text features. */
	readonly projectionDimension: number
	/** Natural logarithm of the logit scale before training. */
	readonly logitScaleInit?: number
	/** Initial logit bias, for models that have one. */
	readonly logitBiasInit?: number
	readonly text: TextConfig
	readonly vision: VisionConfig
}

const size = z
	.int()
	.positive()
	.max(1 << 24)
/** Layers: each is sixteen tensors, which are listed before any file is looked at. */
const count = z.int().positive().max(1024)
const tokenId = z.int().nonnegative()
const square = z.union([size, z.tuple([size, size])])

// Missing keys take the defaults of transformers' CLIPTextConfig, CLIPVisionConfig and CLIPConfig.
const textSchema = z.object({
	vocab_size: size.default(49408),
	hidden_size: size.default(512),
	intermediate_size: size.default(2048),
	num_hidden_layers: count.default(12),
	num_attention_heads: size.default(8),
	max_position_embeddings: size.default(77),
	hidden_act: z.string().default('quick_gelu'),
	layer_norm_eps: z.number().positive().default(1e-5),
	pad_token_id: tokenId.nullable().default(1),
	bos_token_id: tokenId.default(49406),
	eos_token_id: tokenId.default(49407),
})
const visionSchema = z.object({
	hidden_size: size.default(768),
	intermediate_size: size.default(3072),
	num_hidden_layers: count.default(12),
	num_attention_heads: size.default(12),
	num_channels: size.default(3),
	image_size: square.default(224),
	patch_size: square.default(32),
	hidden_act: z.string().default('quick_gelu'),
	layer_norm_eps: z.number().positive().default(1e-5),
})
const nested = z.record(z.string(), z.unknown()).nullish()
const clipSchema = z.object({
	projection_dim: size.default(512),
	logit_scale_init_value: z.number().default(2.6592),
	text_config: nested,
	text_config_dict: nested,
	vision_config: nested,
	vision_config_dict: nested,
})

/**
 * Reads the content of a `config.json`. Old and new spellings are understood (`text_config_dict`, where present, wins
 * over `text_config` with all its defaults, as in transformers), and both end-token rules.
 * @param json The parsed file.
 * @param name What to call the file in error messages.
 * @throws NaptuneError when this is not the config of a CLIP with two transformers, or its values make no sense.
 */
export function parseClipConfig(json: unknown, name = 'config.json'): ClipConfig {
	refuseOtherModels(json, name)
	const top = parseFields(clipSchema, json, name)
	const text = parseFields(
		textSchema,
		top.text_config_dict ? { ...textSchema.parse({}), ...top.text_config_dict } : (top.text_config ?? {}),
		`${name}, text_config`,
	)
	const vision = parseFields(
		visionSchema,
		top.vision_config_dict ? { ...visionSchema.parse({}), ...top.vision_config_dict } : (top.vision_config ?? {}),
		`${name}, vision_config`,
	)
	const config: ClipConfig = {
		projectionDimension: top.projection_dim,
		logitScaleInit: top.logit_scale_init_value,
		text: { ...transformerConfig(text, `${name}, text_config`), ...tokens(text, name) },
		vision: { ...transformerConfig(vision, `${name}, vision_config`), ...imageGeometry(vision, name) },
	}
	return config
}

/** Parses a config with a schema. @throws NaptuneError listing the problems. */
export function parseFields<T extends z.ZodType>(schema: T, json: unknown, name: string): z.output<T> {
	const result = schema.safeParse(json)
	if (result.success) return result.data
	const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`)
	throw new NaptuneError('NAP_FILE_INVALID', `${name} is not a valid CLIP config: ${problems.join('; ')}.`)
}

function refuseOtherModels(json: unknown, name: string): void {
	if (typeof json !== 'object' || json === null || Array.isArray(json)) {
		throw new NaptuneError('NAP_FILE_INVALID', `${name} should hold one JSON object, the config of a CLIPModel.`)
	}
	const config = json as Record<string, unknown>
	const advice = 'Give a Hugging Face CLIPModel with a vision transformer, such as openai/clip-vit-base-patch16.'
	if ('model_cfg' in config || 'vision_cfg' in config) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} is a config of open_clip, not of Hugging Face transformers. ${advice}`,
		)
	}
	const type = config.model_type
	if (type === 'clip_vision_model' || type === 'clip_text_model') {
		const option = type === 'clip_vision_model' ? '--vision-weights' : '--text-weights'
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} describes only one half of a CLIP (${type}); both towers are needed. Give the CLIP that it belongs to with --model, and this folder with ${option}.`,
		)
	}
	if (type !== undefined && type !== 'clip') {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} describes a model of type ${shown(type)}; expected "clip". ${advice}`,
		)
	}
	const hasTowers = ['text_config', 'text_config_dict', 'vision_config', 'vision_config_dict'].some(
		(key) => config[key],
	)
	if (type === undefined && !hasTowers) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} is not the config of a CLIP: it has neither model_type nor text_config. ${advice}`,
		)
	}
	const vision = (config.vision_config_dict ?? config.vision_config) as Record<string, unknown> | undefined
	if (Array.isArray(vision?.layers) || Array.isArray(vision?.hidden_sizes)) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} describes a CLIP with a ResNet as image tower, which is not supported. ${advice}`,
		)
	}
}

/** transformers' names of activations. */
const activations: Readonly<Record<string, Activation>> = {
	quick_gelu: 'quick_gelu',
	gelu: 'gelu',
	gelu_pytorch_tanh: 'gelu_tanh',
}

/** Geometry of one tower. @throws NaptuneError when heads do not divide the width, or for another activation. */
export function transformerConfig(
	raw: Pick<
		z.output<typeof textSchema>,
		'hidden_size' | 'num_hidden_layers' | 'num_attention_heads' | 'intermediate_size' | 'hidden_act' | 'layer_norm_eps'
	>,
	name: string,
): TransformerConfig {
	if (raw.hidden_size % raw.num_attention_heads !== 0) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name}: hidden_size ${raw.hidden_size} is not divisible by num_attention_heads ${raw.num_attention_heads}. Correct one of them.`,
		)
	}
	const activation = Object.hasOwn(activations, raw.hidden_act) ? activations[raw.hidden_act] : undefined
	if (activation === undefined) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name}: hidden_act is ${shown(raw.hidden_act)}; supported values are "quick_gelu", "gelu" and "gelu_pytorch_tanh".`,
		)
	}
	return {
		width: raw.hidden_size,
		layers: raw.num_hidden_layers,
		heads: raw.num_attention_heads,
		mlpWidth: raw.intermediate_size,
		activation,
		layerNormEpsilon: raw.layer_norm_eps,
	}
}

function tokens(raw: z.output<typeof textSchema>, name: string) {
	const legacy = raw.eos_token_id === 2
	const endTokenId = legacy ? raw.vocab_size - 1 : raw.eos_token_id
	const bosTokenId = legacy ? raw.vocab_size - 2 : raw.bos_token_id
	if (endTokenId >= raw.vocab_size || bosTokenId >= raw.vocab_size) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name}, text_config: bos_token_id ${bosTokenId} and eos_token_id ${endTokenId} must be below vocab_size ${raw.vocab_size}.`,
		)
	}
	return {
		contextLength: raw.max_position_embeddings,
		vocabularySize: raw.vocab_size,
		endTokenId,
		bosTokenId,
		...defined({ padTokenId: raw.pad_token_id === null ? undefined : raw.pad_token_id }),
		eosRule: legacy ? ('argmax' as const) : ('first-match' as const),
	}
}

/** The side of a square. @throws NaptuneError for another rectangle. */
export function squareSide(value: number | [number, number], key: string, name: string): number {
	if (typeof value === 'number') return value
	if (value[0] === value[1]) return value[0]
	throw new NaptuneError(
		'NAP_FILE_INVALID',
		`${name}, vision_config: ${key} is ${value.join('x')}; only squares are supported.`,
	)
}

function imageGeometry(raw: z.output<typeof visionSchema>, name: string) {
	const imageSize = squareSide(raw.image_size, 'image_size', name)
	const patchSize = squareSide(raw.patch_size, 'patch_size', name)
	if (imageSize % patchSize !== 0) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name}, vision_config: image_size ${imageSize} is not a multiple of patch_size ${patchSize}. Correct one of them.`,
		)
	}
	if (raw.num_channels !== 3) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name}, vision_config: num_channels is ${raw.num_channels}; only 3 (RGB) is supported.`,
		)
	}
	return { imageSize, patchSize, channels: raw.num_channels }
}

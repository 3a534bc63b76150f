/** The geometry of a CLIP as open_clip writes it: `model_cfg` and `preprocess_cfg` of an `open_clip_config.json`. */

import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { shown } from '../core/shown.js'
import type { ClipConfig, Family } from './config.js'
import type { PreprocessorConfig } from './preprocessor-config.js'

const size = z
	.int()
	.positive()
	.max(1 << 24)
const count = z.int().positive().max(1024)
const side = z.union([size, z.tuple([size, size])])

// Missing keys take open_clip's defaults.
const visionSchema = z.looseObject({
	layers: count.default(12),
	width: size.default(768),
	head_width: size.default(64),
	mlp_ratio: z.number().positive().max(64).default(4),
	patch_size: side.default(16),
	image_size: side.default(224),
})
const textSchema = z.looseObject({
	context_length: size.default(77),
	vocab_size: size.default(49408),
	width: size.default(512),
	heads: size.default(8),
	layers: count.default(12),
	mlp_ratio: z.number().positive().max(64).default(4),
})
const modelSchema = z.looseObject({
	embed_dim: size,
	quick_gelu: z.boolean().default(false),
	vision_cfg: z.looseObject({}),
	text_cfg: z.looseObject({}),
})

const perChannel = z.tuple([z.number(), z.number(), z.number()])
/** Of OpenAI's models, which open_clip takes by default. */
const mean = [0.48145466, 0.4578275, 0.40821073] as const
const std = [0.26862954, 0.26130258, 0.27577711] as const
const preprocessSchema = z.object({
	mean: perChannel.default([...mean]),
	std: perChannel.default([...std]),
	interpolation: z.enum(['bicubic', 'bilinear', 'random']).nullish(),
	resize_mode: z.enum(['shortest', 'longest', 'squash']).nullish(),
	fill_color: z.int().min(0).max(255).default(0),
})

/** The part of the list below that both towers have. */
const plainBlock: Readonly<Record<string, readonly unknown[]>> = {
	act_kwargs: [],
	norm_kwargs: [],
	block_type: ['default'],
	qk_norm: [false],
	scaled_cosine_attn: [false],
	scale_heads: [false],
	scale_attn_inner: [false],
	scale_attn: [false],
	scale_fc: [false],
}

/** Keys that change the network, with the values that leave it a plain one. */
const plain: Readonly<Record<'vision_cfg' | 'text_cfg', Readonly<Record<string, readonly unknown[]>>>> = {
	vision_cfg: {
		ls_init_value: [],
		attentional_pool: [false],
		no_ln_pre: [false],
		pos_embed_type: ['learnable'],
		final_ln_after_pool: [false],
		pool_type: ['tok'],
		...plainBlock,
		timm_model_name: [],
	},
	text_cfg: {
		ls_init_value: [],
		embed_cls: [false],
		no_causal_mask: [false],
		final_ln_after_pool: [false],
		pool_type: ['argmax'],
		proj_bias: [false],
		proj_type: ['linear'],
		...plainBlock,
		hf_model_name: [],
	},
}

const otherwise =
	'Export its two encoders to ONNX and give them with --image-encoder and --text-encoder; attacks, zero-shot classification and methods on the text side support them.'

/**
 * The config of a `model_cfg`.
 * @param json As in an `open_clip_config.json`, or an architecture by name.
 * @param name What to call it in errors.
 * @throws NaptuneError when it is malformed, or not a plain vision transformer with CLIP's text transformer.
 */
export function parseOpenClipModel(json: unknown, name: string, family: Family = 'open_clip'): ClipConfig {
	const model = parse(modelSchema, json, name)
	refuseOtherTowers(model, name)
	const vision = parse(visionSchema, model.vision_cfg, `${name}, vision_cfg`)
	const text = parse(textSchema, model.text_cfg, `${name}, text_cfg`)
	const activation = model.quick_gelu ? 'quick_gelu' : 'gelu'
	const square = (value: number | [number, number], key: string) => {
		if (typeof value === 'number') return value
		if (value[0] === value[1]) return value[0]
		throw invalid(`${name}, vision_cfg: ${key} is ${value.join('x')}; only squares are supported.`)
	}
	const imageSize = square(vision.image_size, 'image_size')
	const patchSize = square(vision.patch_size, 'patch_size')
	if (imageSize % patchSize !== 0) {
		throw invalid(`${name}, vision_cfg: image_size ${imageSize} is not a multiple of patch_size ${patchSize}.`)
	}
	if (vision.width % vision.head_width !== 0) {
		throw invalid(`${name}, vision_cfg: width ${vision.width} is not a multiple of head_width ${vision.head_width}.`)
	}
	if (text.width % text.heads !== 0) {
		throw invalid(`${name}, text_cfg: width ${text.width} is not divisible by heads ${text.heads}.`)
	}
	return {
		family,
		projectionDimension: model.embed_dim,
		text: {
			width: text.width,
			layers: text.layers,
			heads: text.heads,
			mlpWidth: Math.trunc(text.width * text.mlp_ratio),
			activation,
			layerNormEpsilon: 1e-5,
			contextLength: text.context_length,
			vocabularySize: text.vocab_size,
			endTokenId: text.vocab_size - 1,
			bosTokenId: text.vocab_size - 2,
			eosRule: 'argmax',
		},
		vision: {
			width: vision.width,
			layers: vision.layers,
			heads: vision.width / vision.head_width,
			mlpWidth: Math.trunc(vision.width * vision.mlp_ratio),
			activation,
			layerNormEpsilon: 1e-5,
			imageSize,
			patchSize,
			channels: 3,
		},
	}
}

/**
 * How open_clip prepares pictures for evaluation.
 * @param json `preprocess_cfg`; what is missing has its defaults, which are OpenAI's.
 * @throws NaptuneError when a value has the wrong form.
 */
export function parseOpenClipPreprocessing(json: unknown, imageSize: number, name: string): PreprocessorConfig {
	const raw = parse(preprocessSchema, json ?? {}, name)
	if (raw.std.some((value) => !(value > 0))) {
		throw invalid(`${name}: std is ${JSON.stringify(raw.std)}; expected positive numbers.`)
	}
	const mode = raw.resize_mode ?? 'shortest'
	if (mode === 'longest' && raw.fill_color !== 0) {
		throw invalid(`${name}: fill_color is ${raw.fill_color}; only 0 (black) is supported.`)
	}
	const square = { height: imageSize, width: imageSize }
	return {
		doConvertRgb: true,
		doResize: true,
		resize:
			mode === 'squash'
				? { kind: 'exact', ...square }
				: mode === 'longest'
					? { kind: 'longest-edge', longestEdge: imageSize }
					: { kind: 'shortest-edge', shortestEdge: imageSize },
		// `random` is for training; open_clip evaluates such models with bicubic.
		resample: raw.interpolation === 'bilinear' ? 'bilinear' : 'bicubic',
		doCenterCrop: mode !== 'squash',
		crop: square,
		doRescale: true,
		rescaleFactor: 1 / 255,
		doNormalize: true,
		mean: raw.mean,
		std: raw.std,
	}
}

function refuseOtherTowers(model: z.output<typeof modelSchema>, name: string): void {
	const { vision_cfg: vision, text_cfg: text } = model
	if (Array.isArray(vision.layers)) {
		throw invalid(`${name} describes a CLIP with a ResNet as image tower, which has no tokens. ${otherwise}`)
	}
	if (typeof vision.timm_model_name === 'string') {
		const siglip = /siglip/i.test(vision.timm_model_name)
			? ' For SigLIP, give the folder or hub id in the layout of transformers instead, such as google/siglip-base-patch16-224.'
			: ''
		throw invalid(
			`${name} takes its image tower from timm (${shown(vision.timm_model_name)}), which is not supported.${siglip} ${otherwise}`,
		)
	}
	if (typeof text.hf_model_name === 'string') {
		throw invalid(
			`${name} takes its text tower from transformers (${shown(text.hf_model_name)}), which is not supported. ${otherwise}`,
		)
	}
	if ('multimodal_cfg' in model) {
		throw invalid(`${name} describes a CoCa, whose captioning decoder is not supported. ${otherwise}`)
	}
	for (const key of ['vision_cfg', 'text_cfg'] as const) {
		for (const [option, allowed] of Object.entries(plain[key])) {
			const value = model[key][option]
			if (value === undefined || value === null || allowed.includes(value)) continue
			throw invalid(
				`${name}, ${key}: ${option} is ${shown(value)}, which makes it a different network from CLIP's. ${otherwise}`,
			)
		}
	}
}

function parse<Schema extends z.ZodType>(schema: Schema, json: unknown, name: string): z.output<Schema> {
	const result = schema.safeParse(json)
	if (result.success) return result.data
	const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`)
	throw invalid(`${name} is not a usable config of open_clip: ${problems.join('; ')}.`)
}

function invalid(message: string): NaptuneError {
	return new NaptuneError('NAP_FILE_INVALID', message)
}

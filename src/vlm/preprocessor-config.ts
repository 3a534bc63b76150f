/** Reads a checkpoint's image preprocessing from `preprocessor_config.json`. */

import { z } from 'zod'
import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'

/** Resampling filter, by Pillow's name. */
export type Resample = 'nearest' | 'lanczos' | 'bilinear' | 'bicubic' | 'box' | 'hamming'

/** Size to resize to: the shorter or the longer edge with the aspect kept, or both edges. */
export type ResizeTo =
	| { readonly kind: 'shortest-edge'; readonly shortestEdge: number }
	| { readonly kind: 'longest-edge'; readonly longestEdge: number }
	| { readonly kind: 'exact'; readonly height: number; readonly width: number }

/** Preparation of images, in the order of the fields. */
export interface PreprocessorConfig {
	readonly doConvertRgb: boolean
	readonly doResize: boolean
	readonly resize: ResizeTo
	readonly resample: Resample
	readonly doCenterCrop: boolean
	readonly crop: { readonly height: number; readonly width: number }
	/** Whether bytes become numbers by `rescaleFactor` (1/255). */
	readonly doRescale: boolean
	readonly rescaleFactor: number
	readonly doNormalize: boolean
	/** Mean per RGB channel, of pixels in [0, 1]. */
	readonly mean: readonly [number, number, number]
	/** Standard deviation per RGB channel, of pixels in [0, 1]. */
	readonly std: readonly [number, number, number]
}

/** Filters in the order of Pillow's numbers. */
export const filters: readonly Resample[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming']

/** Sides; one image of this size already takes 50 MB. */
const pixels = z.int().positive().max(4096)
const perChannel = z.tuple([z.number(), z.number(), z.number()])
/** [height, width] is what transformers takes a pair for. */
const pair = z.tuple([pixels, pixels]).transform(([height, width]) => ({ height, width }))
const boxSize = z.union([pixels, z.object({ height: pixels, width: pixels }), pair], {
	error: 'expected a number, [height, width] or {"height", "width"}',
})
const filterName = z
	.string()
	.transform((name) => filters.indexOf(name.toLowerCase() as Resample))
	.refine((position) => position >= 0, { error: `expected 0 to 5, or one of ${filters.join(', ')}` })

// Missing keys take the defaults of transformers' CLIPImageProcessor.
const schema = z.object({
	do_convert_rgb: z
		.boolean()
		.nullish()
		.transform((value) => value ?? true),
	do_resize: z.boolean().default(true),
	size: z
		.union([z.object({ shortest_edge: pixels }), boxSize], {
			error: 'expected a number, [height, width], {"shortest_edge"} or {"height", "width"}',
		})
		.default({ shortest_edge: 224 }),
	resample: z.union([z.int().min(0).max(5), filterName]).default(3),
	do_center_crop: z.boolean().default(true),
	crop_size: boxSize.default({ height: 224, width: 224 }),
	do_rescale: z.boolean().default(true),
	rescale_factor: z
		.number()
		.positive()
		.default(1 / 255),
	do_normalize: z.boolean().default(true),
	image_mean: perChannel.default([0.48145466, 0.4578275, 0.40821073]),
	image_std: perChannel.default([0.26862954, 0.26130258, 0.27577711]),
})

/**
 * Reads the content of a `preprocessor_config.json`. Sizes may be written as a number (the shorter edge), as
 * `{ shortest_edge }`, as `{ height, width }` or as `[height, width]`; the filter by Pillow's number or name.
 * @param json The parsed file.
 * @param name What to call the file in error messages.
 * @throws NaptuneError when a value has the wrong form.
 */
export function parsePreprocessorConfig(json: unknown, name = 'preprocessor_config.json'): PreprocessorConfig {
	const result = schema.safeParse(json)
	if (!result.success) {
		const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`)
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} is not a valid image preprocessor config: ${problems.join('; ')}.`,
		)
	}
	const raw = result.data
	if (raw.do_normalize && raw.image_std.some((value) => !(value > 0))) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name}: image_std is ${JSON.stringify(raw.image_std)}; expected positive numbers.`,
		)
	}
	return {
		doConvertRgb: raw.do_convert_rgb,
		doResize: raw.do_resize,
		resize: resizeTo(raw.size),
		resample: at(filters, raw.resample),
		doCenterCrop: raw.do_center_crop,
		crop: typeof raw.crop_size === 'number' ? { height: raw.crop_size, width: raw.crop_size } : raw.crop_size,
		doRescale: raw.do_rescale,
		rescaleFactor: raw.rescale_factor,
		doNormalize: raw.do_normalize,
		mean: raw.image_mean,
		std: raw.image_std,
	}
}

function resizeTo(size: z.output<typeof schema>['size']): ResizeTo {
	if (typeof size === 'number') return { kind: 'shortest-edge', shortestEdge: size }
	if ('shortest_edge' in size) return { kind: 'shortest-edge', shortestEdge: size.shortest_edge }
	return { kind: 'exact', ...size }
}

/**
 * Checks that images are cropped or resized to the size that the image tower reads.
 * @param name What to call the preprocessor config in errors.
 * @throws NaptuneError otherwise.
 */
export function checkCrop(
	{ crop, doCenterCrop, doResize, resize }: PreprocessorConfig,
	{ imageSize }: { readonly imageSize: number },
	name: string,
): void {
	const exactSize = doResize && resize.kind === 'exact' ? resize : undefined
	const made = doCenterCrop ? crop : exactSize
	if (!made || (made.height === imageSize && made.width === imageSize)) return
	throw new NaptuneError(
		'NAP_MODEL_INVALID',
		`${name} makes images of ${made.width}x${made.height}, but the model of config.json takes ${imageSize}x${imageSize}. Take both files from the same checkpoint.`,
	)
}

/** What SigLIP's image processor of transformers takes for keys that a file lacks or leaves null. */
const siglipDefaults = {
	size: { height: 224, width: 224 },
	do_center_crop: false,
	image_mean: [0.5, 0.5, 0.5],
	image_std: [0.5, 0.5, 0.5],
}

/** The content of a SigLIP's `preprocessor_config.json` with its own defaults, for {@link parsePreprocessorConfig}. */
export function withSiglipDefaults(json: unknown): unknown {
	if (typeof json !== 'object' || json === null || Array.isArray(json)) return json
	return { ...siglipDefaults, ...Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null)) }
}

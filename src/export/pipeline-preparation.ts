/**
 * Pictures as transformers.js prepares them in Node.js, so that an export can be measured on what its pipelines see: they
 * resize by an affine transform without antialiasing, and cut off halves of pixels. scripts/interop compares the result with
 * transformers.js itself.
 */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { float32, type Tensor } from '../core/tensor.js'
import type { DecodedImage } from '../images/decode.js'
import type { PreprocessorConfig } from '../vlm/preprocessor-config.js'

/** A prepared picture, [1, 3, S, S] in [0, 1], and whether it was resized. */
export interface PipelinePicture {
	readonly pixels: Tensor<'float32'>
	readonly resized: boolean
}

/** Filters by the names of affine transforms; transformers.js has no others but lanczos. */
const interpolators = {
	nearest: 'nearest',
	bilinear: 'bilinear',
	bicubic: 'bicubic',
	box: 'bilinear',
	hamming: 'bilinear',
	lanczos: 'lanczos',
} as const satisfies Readonly<Record<PreprocessorConfig['resample'], string>>

/** Prepares a picture. @throws NaptuneError when the crop is larger than the resized picture. */
export async function pipelinePicture(
	image: DecodedImage,
	{ doResize, resize, resample, doCenterCrop, crop }: PreprocessorConfig,
): Promise<PipelinePicture> {
	const size = doResize ? sizeAfter(image, resize) : image
	const resized = size.width !== image.width || size.height !== image.height
	const whole = resized ? await resizedPicture(image, size, interpolators[resample]) : image
	const target = doCenterCrop ? crop : whole
	const left = Math.floor((whole.width - target.width) / 2)
	const top = Math.floor((whole.height - target.height) / 2)
	if (left < 0 || top < 0) {
		throw new NaptuneError('NAP_INPUT_UNSUITABLE', 'preprocessor_config.json crops more than resizing leaves.')
	}
	const area = target.width * target.height
	const pixels = Float32Array.from({ length: 3 * area }, (_, index) => {
		const pixel = index % area
		const row = top + Math.floor(pixel / target.width)
		const column = left + (pixel % target.width)
		return at(whole.rgb, (row * whole.width + column) * 3 + Math.floor(index / area)) / 255
	})
	return { pixels: float32([1, 3, target.height, target.width], pixels), resized }
}

function sizeAfter({ width, height }: DecodedImage, resize: PreprocessorConfig['resize']) {
	if (resize.kind === 'exact') return { width: resize.width, height: resize.height }
	if (resize.kind === 'longest-edge') {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			'preprocessor_config.json resizes by the longer edge, which an export does not do.',
		)
	}
	const factor = Math.max(resize.shortestEdge / width, resize.shortestEdge / height)
	const side = (length: number) => Math.floor(Number((length * factor).toFixed(2)))
	return { width: side(width), height: side(height) }
}

async function resizedPicture(
	{ width, height, rgb }: DecodedImage,
	size: { readonly width: number; readonly height: number },
	interpolator: (typeof interpolators)[PreprocessorConfig['resample']],
): Promise<DecodedImage> {
	const { default: sharp } = await import('sharp')
	const picture = sharp(rgb, { raw: { width, height, channels: 3 } })
	const scaled =
		interpolator === 'lanczos'
			? picture.resize({ ...size, fit: 'fill', kernel: 'lanczos3' })
			: picture.affine([size.width / width, 0, 0, size.height / height], { interpolator })
	const { data, info } = await scaled.removeAlpha().raw().toBuffer({ resolveWithObject: true })
	return { width: info.width, height: info.height, rgb: new Uint8Array(data) }
}

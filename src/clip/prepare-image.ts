/** A picture as the image tower reads it. */

import { NaptuneError } from '../errors.js'
import type { DecodedImage } from '../images/decode.js'
import { preprocess } from '../images/preprocess.js'
import type { ClipModel } from './model.js'

/**
 * Prepares a picture by the checkpoint's own rules, without augmentation.
 * @returns [3, S, S] in [0, 1], float32, where S is the side that the image tower reads.
 * @throws NaptuneError when preprocessor_config.json makes another size than config.json reads.
 */
export function prepareImage(clip: Pick<ClipModel, 'config' | 'checkpoint'>, image: DecodedImage): Float32Array {
	const { imageSize } = clip.config.vision
	const { width, height, pixels } = preprocess(image, clip.checkpoint.preprocessor)
	if (width !== imageSize || height !== imageSize) {
		throw new NaptuneError(
			`preprocessor_config.json makes images of ${width} x ${height} pixels, config.json reads ${imageSize} x ${imageSize}. Correct crop_size.`,
		)
	}
	return pixels
}

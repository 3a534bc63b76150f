/** A picture as the image tower reads it. */

import type { DecodedImage } from '../images/decoded-image.js'
import { unitPixels } from '../images/pixels.js'
import { type PreparedView, viewOf } from '../images/view.js'
import type { ClipModel } from './model.js'

/** The view that a checkpoint's own rules make of a picture, without augmentation. */
export function preparedView({ config, checkpoint }: Pick<ClipModel, 'config' | 'checkpoint'>): PreparedView {
	return { kind: 'prepared', size: config.vision.imageSize, preparation: checkpoint.preprocessor }
}

/**
 * Prepares a picture by the checkpoint's own rules, without augmentation.
 * @returns [3, S, S] in [0, 1], float32, where S is the side that the image tower reads.
 * @throws NaptuneError when preprocessor_config.json makes another size than config.json reads.
 */
export function prepareImage(clip: Pick<ClipModel, 'config' | 'checkpoint'>, image: DecodedImage): Float32Array {
	return unitPixels(viewOf(image, preparedView(clip)))
}

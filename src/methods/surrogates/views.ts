/**
 * Random views of images for substitute training, with the probabilities of AGS (repository lwmming/AGS,
 * `train_ags_lmdb.py`).
 */

import { randomResizedCrop, randomWindow } from '../../images/augment.js'
import { bilinearCrop } from '../../images/bilinear-crop.js'
import { gaussianBlur } from '../../images/blur.js'
import { type ColourJitter, jitterColours, makeGrey } from '../../images/colour-jitter.js'
import type { DecodedImage } from '../../images/decode.js'
import type { Generator } from '../../random/generator.js'

/** Colours of the views of clean images. */
const cleanJitter: ColourJitter = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 }
/** Colours of the views of adversarial images. */
const adversarialJitter: ColourJitter = { brightness: 0.4, contrast: 0.8, saturation: 0.8, hue: 0.2 }

/**
 * A view of a clean picture: a random window, mirrored half of the time, in random colours.
 * @returns [3, size, size] in [0, 1].
 */
export function cleanView(image: DecodedImage, size: number, stream: Generator): Float32Array {
	const view = randomResizedCrop(image, { size, resample: 'bilinear' }, stream)
	if (stream.uniform() < 0.8) jitterColours(view, cleanJitter, stream)
	if (stream.uniform() < 0.2) makeGrey(view)
	return view
}

/**
 * A view of an adversarial image, whose pixels are not bytes: window, mirror, colours, grey and blur.
 * @param pixels [3, size, size] in [0, 1].
 * @param strength Factor on the probability of each change: 1 for a strong view, 0.1 for one close to the image.
 * @returns [3, size, size] in [0, 1].
 */
export function adversarialView(pixels: Float32Array, size: number, strength: number, stream: Generator): Float32Array {
	const happens = (probability: number) => stream.uniform() < strength * probability
	let view: Float32Array = pixels.slice()
	if (happens(1)) {
		const window = randomWindow({ width: size, height: size }, [0.08, 1], [3 / 4, 4 / 3], stream)
		view = bilinearCrop(view, size, window, size)
	}
	if (happens(0.5)) for (let row = 0; row < view.length; row += size) view.subarray(row, row + size).reverse()
	if (happens(0.8)) jitterColours(view, adversarialJitter, stream)
	if (happens(0.2)) makeGrey(view)
	if (happens(0.5)) view = gaussianBlur(view, size, blurKernel(size), 0.1 + 1.9 * stream.uniform())
	return view
}

/** A tenth of the image's side (21 of 224 in the reference), odd and at least 3. */
function blurKernel(size: number): number {
	return Math.max(3, 2 * Math.floor((0.1 * size - 1) / 2) + 1)
}

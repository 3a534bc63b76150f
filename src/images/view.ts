/** Describes the preprocessing of a picture as data, so that any thread produces the same bytes from the same view. */

import { NaptuneError } from '../core/errors.js'
import { generator } from '../random/counter-based.js'
import { randomlyCropped, randomlyShifted } from './augment.js'
import type { DecodedImage } from './decoded-image.js'
import { type Preparation, preparedPicture } from './preprocess.js'

/** Seed and keys of a generator, for the randomness of a view. */
export type StreamName = readonly [seed: number, ...keys: (number | string)[]]

/** Preprocessing by a checkpoint's preprocessor config. */
export interface PreparedView {
	readonly kind: 'prepared'
	/** Required height and width of the result in pixels. */
	readonly size: number
	readonly preparation: Preparation
}

/** A square picture of `size` x `size` pixels made from any picture. Plain JSON. */
export type ImageView =
	| PreparedView
	/** Preprocessed, then shifted and mirrored. */
	| { readonly kind: 'crop-and-flip'; readonly prepared: PreparedView; readonly stream: StreamName }
	/** A random window, resized. */
	| { readonly kind: 'random-resized-crop'; readonly size: number; readonly stream: StreamName }

/** Whether the view is deterministic and so worth caching. */
export function isFixed({ kind }: ImageView): boolean {
	return kind === 'prepared'
}

/**
 * Makes a view.
 * @throws NaptuneError when preprocessing yields a size other than the view's, or an unreasonable one.
 */
export function viewOf(image: DecodedImage, view: ImageView): DecodedImage {
	if (view.kind === 'prepared') return prepared(image, view)
	const stream = generator(...view.stream)
	return view.kind === 'crop-and-flip'
		? randomlyShifted(prepared(image, view.prepared), stream)
		: randomlyCropped(image, { size: view.size }, stream)
}

function prepared(image: DecodedImage, { size, preparation }: PreparedView): DecodedImage {
	const picture = preparedPicture(image, preparation)
	if (picture.width !== size || picture.height !== size) {
		throw new NaptuneError(
			'NAP_MODEL_INVALID',
			`preprocessor_config.json makes images of ${picture.width} x ${picture.height} pixels, but config.json expects ${size} x ${size}. Correct crop_size.`,
		)
	}
	return picture
}

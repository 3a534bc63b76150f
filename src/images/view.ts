/** What becomes of a picture before a model reads it, as data: any thread makes the same bytes of the same view. */

import { NaptuneError } from '../core/errors.js'
import { generator } from '../random/counter-based.js'
import { randomlyCropped, randomlyShifted } from './augment.js'
import type { DecodedImage } from './decoded-image.js'
import { type Preparation, preparedPicture } from './preprocess.js'

/** Seed and keys of a generator: what is random about a view. */
export type StreamName = readonly [seed: number, ...keys: (number | string)[]]

/** As a checkpoint's preprocessor config says. */
export interface PreparedView {
	readonly kind: 'prepared'
	/** Height and width in pixels that the preparation has to end in. */
	readonly size: number
	readonly preparation: Preparation
}

/** A square picture of `size` x `size` pixels made of any picture. Holds nothing but JSON. */
export type ImageView =
	| PreparedView
	/** Prepared, then shifted and mirrored. */
	| { readonly kind: 'crop-and-flip'; readonly prepared: PreparedView; readonly stream: StreamName }
	/** A random window, resized. */
	| { readonly kind: 'random-resized-crop'; readonly size: number; readonly stream: StreamName }

/** Whether the view is the same every time, so that it is worth keeping. */
export function isFixed({ kind }: ImageView): boolean {
	return kind === 'prepared'
}

/**
 * Makes a view.
 * @throws NaptuneError when a preparation ends in another size than the view's, or in an unreasonable one.
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
			`preprocessor_config.json makes images of ${picture.width} x ${picture.height} pixels, config.json reads ${size} x ${size}. Correct crop_size.`,
		)
	}
	return picture
}

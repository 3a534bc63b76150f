/** A data set: classes, and splits that decode images on demand. */

import { defined } from '../core/defined.js'
import type { DecodedImage } from '../images/decode.js'
import type { ImageView } from '../images/view.js'
import type { DataOrigin } from '../records/parts/data-origin.js'

export type { DataOrigin } from '../records/parts/data-origin.js'

/** A picture before decoding, so that any thread can decode it. */
export type ImageSource =
	| { readonly kind: 'file'; readonly path: string }
	/** The bytes of an image file; `name` identifies it in errors. */
	| { readonly kind: 'encoded'; readonly bytes: Uint8Array; readonly name: string }

/** A list of labelled images. Positions run from 0 to `length` - 1. */
export interface Split {
	readonly length: number
	/** Position of the image's class in the data set's `classNames`. */
	label(index: number): number
	/** A stable image id, equal in every run, on every machine and in every subset; it keys the image's randomness. */
	id(index: number): string
	/** The image before decoding; missing if a split holds decoded images. */
	source?(index: number): Promise<ImageSource>
	/** Decodes the image. @throws NaptuneError that names the file if it is not a readable image. */
	image(index: number): Promise<DecodedImage>
	/** A view of the image, made elsewhere (see `createImageLoader`); callers may request many at once. @throws as `image`. */
	view?(index: number, view: ImageView): Promise<DecodedImage>
}

/** Classes and three splits; `validation` may be empty. */
export interface Dataset {
	readonly name: string
	/** In label order, as in the source: underscores become spaces only in prompts. */
	readonly classNames: readonly string[]
	readonly train: Split
	readonly validation: Split
	readonly test: Split
	/** What readers must know before they trust the numbers, such as a split drawn here. One sentence each. */
	readonly notices: readonly string[]
	/** How to load the same data set again; stored in records as it is. A user's own data is `{ dataset: 'own', … }`. */
	readonly origin: DataOrigin
}

/** The images of a split at these positions, in their order. @throws RangeError for a position outside the split. */
export function subset(split: Split, indices: readonly number[]): Split {
	const at = (index: number): number => {
		const position = indices[index]
		if (position === undefined) throw new RangeError(`Position ${index} of a split of ${indices.length} images.`)
		return position
	}
	for (const index of indices) {
		if (!Number.isInteger(index) || index < 0 || index >= split.length) {
			throw new RangeError(`Position ${index} of a split of ${split.length} images.`)
		}
	}
	const { source, view } = split
	return {
		length: indices.length,
		label: (index) => split.label(at(index)),
		id: (index) => split.id(at(index)),
		...defined({ source: source ? async (index: number) => source(at(index)) : undefined }),
		image: async (index) => split.image(at(index)),
		...defined({ view: view ? async (index: number, what: ImageView) => view(at(index), what) : undefined }),
	}
}

/** The labels of a split in order. */
export function labelsOf(split: Split): number[] {
	return Array.from({ length: split.length }, (_, index) => split.label(index))
}

/** Positions of the images of each label, ascending; labels in order of their first image. */
export function positionsByLabel(labels: readonly number[]): ReadonlyMap<number, readonly number[]> {
	const found = new Map<number, number[]>()
	labels.forEach((label, position) => {
		const positions = found.get(label)
		if (positions) positions.push(position)
		else found.set(label, [position])
	})
	return found
}

/** The ids of a split's images in order. */
export function idsOf(split: Pick<Split, 'length' | 'id'>): string[] {
	return Array.from({ length: split.length }, (_, index) => split.id(index))
}

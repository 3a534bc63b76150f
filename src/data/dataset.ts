/** What a data set is: classes, and splits whose images are decoded when asked for. */

import { defined } from '../core/defined.js'
import type { DecodedImage } from '../images/decode.js'
import type { ImageView } from '../images/view.js'
import type { DataOrigin } from '../records/parts/data-origin.js'

export type { DataOrigin } from '../records/parts/data-origin.js'

/** A picture that is not decoded yet, so that any thread can do it. */
export type ImageSource =
	| { readonly kind: 'file'; readonly path: string }
	/** The bytes of an image file; `name` is what errors call it. */
	| { readonly kind: 'encoded'; readonly bytes: Uint8Array; readonly name: string }

/** A list of labelled images. Positions run from 0 to `length` - 1. */
export interface Split {
	readonly length: number
	/** Position of the image's class in the data set's `classNames`. */
	label(index: number): number
	/** Names the image the same way in every run, on every machine and whatever subset it is part of; keys its randomness. */
	id(index: number): string
	/** The image before it is decoded; missing where a split holds its images decoded. */
	source?(index: number): Promise<ImageSource>
	/** Decodes the image. @throws NaptuneError naming the file, when it is not a readable image. */
	image(index: number): Promise<DecodedImage>
	/** A view of the image, made elsewhere (see `createImageLoader`); many may be asked for at once. @throws as `image`. */
	view?(index: number, view: ImageView): Promise<DecodedImage>
}

/** Classes and three splits; `validation` may be empty. */
export interface Dataset {
	readonly name: string
	/** In label order, as the source has them: underscores become spaces only in prompts. */
	readonly classNames: readonly string[]
	readonly train: Split
	readonly validation: Split
	readonly test: Split
	/** What a reader must know before believing the numbers, such as a split that was drawn here. One sentence each. */
	readonly notices: readonly string[]
	/** How to get the same data set again: goes into records as it is. Data of one's own are `{ dataset: 'own', … }`. */
	readonly origin: DataOrigin
}

/** The part of a split at these positions, in their order. @throws RangeError for a position outside the split. */
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

/** Positions of the images of each label, ascending; labels in the order of their first image. */
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

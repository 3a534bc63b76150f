/** Galleries on disk: a record, and the pixels beside it. */

import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import { sha256OfFile } from '../../files/sha256.js'
import { jsonFingerprint } from '../../records/fingerprint.js'
import { type GalleryRecord, type GalleryView, galleryKind } from '../../records/gallery.js'
import { readRecord } from '../../records/record-kind.js'
import { loadTensors } from '../../training/tensor-set.js'

export type { GalleryRecord, GalleryView } from '../../records/gallery.js'

/** An image with its pixels: [3, height, width] in [0, 1], not rounded. */
export interface GalleryImage {
	readonly id: string
	readonly label: number
	readonly clean: Float32Array
	/** In the order of the models; `pixels` is missing if the model was not attacked. */
	readonly models: readonly (GalleryView & { readonly pixels?: Float32Array })[]
}

/** A gallery with its pixels. */
export interface AttackGallery {
	readonly record: GalleryRecord
	readonly width: number
	readonly height: number
	readonly images: readonly GalleryImage[]
}

/** Location of a gallery's pixels. @throws NaptuneError if the record's name does not end in .json. */
export function galleryPixelsPath(path: string): string {
	if (!path.endsWith('.json')) {
		throw new NaptuneError('NAP_OPTION_INVALID', `${path} must end in .json to be a gallery's record.`)
	}
	return path.replace(/\.json$/, '.safetensors')
}

/**
 * Reads a gallery.
 * @param path Path of the record; the pixels lie beside it.
 * @throws NaptuneError if a file is missing or not a gallery, or the two do not belong together.
 */
export async function readGallery(path: string): Promise<AttackGallery> {
	const pixelsPath = galleryPixelsPath(path)
	const record: GalleryRecord = await readRecord(galleryKind, path)
	if ((await sha256OfFile(pixelsPath)) !== record.pixels) {
		throw new NaptuneError('NAP_RECORD_CHANGED', `${pixelsPath} does not belong to ${path}. Make the gallery again.`)
	}
	return assembleGallery(record, await loadTensors(pixelsPath), path)
}

/** Joins record and pixels. @throws NaptuneError if they contradict each other, or the record contradicts itself. */
export function assembleGallery(
	record: GalleryRecord,
	pixels: Readonly<Record<string, Tensor<'float32'>>>,
	path: string,
): AttackGallery {
	const { images, models, dataset } = record
	const tensors = ['clean', ...models.map((_, index) => `adversarial.${index}`)].map((name) => pixels[name])
	const [count, channels, height, width] = tensors[0]?.shape ?? []
	const fits =
		tensors.every((tensor) => tensor && tensor.shape.join() === [images.length, 3, height, width].join()) &&
		count === images.length &&
		channels === 3
	const ids = images.map(({ id }) => id)
	const known = images.every(({ label }) => label < dataset.classNames.length)
	if (!fits || !known || dataset.ids !== jsonFingerprint(ids)) {
		throw new NaptuneError(
			'NAP_RECORD_CHANGED',
			`${path} was changed: its images are not those of its ${fits ? 'settings' : 'pixels'}. Make the gallery again.`,
		)
	}
	const size = 3 * height! * width!
	const row = (index: number, position: number) =>
		at(tensors, index).data.subarray(position * size, (position + 1) * size)
	return {
		record,
		width: width!,
		height: height!,
		images: images.map(({ id, label, models: views }, position) => ({
			id,
			label,
			clean: row(0, position),
			models: views.map((view, index) => ({
				...view,
				...defined({ pixels: view.adversarial ? row(index + 1, position) : undefined }),
			})),
		})),
	}
}

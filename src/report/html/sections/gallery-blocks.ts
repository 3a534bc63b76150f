/** Turns recorded galleries into blocks. */

import { sizeText } from '../../../attacks/sets/size-text.js'
import { at } from '../../../core/at.js'
import { defined } from '../../../core/defined.js'
import { type AttackGallery, readGallery } from '../../../evaluation/gallery/gallery.js'
import { type GalleryPicture, galleryPictures } from '../../gallery-images.js'
import { grouped, normText } from '../../number-text.js'
import type { Block, GalleryImage } from '../report-document.js'
import { settingLine } from './setting-text.js'

/**
 * A gallery with embedded pictures.
 * @param path Path of its record. @param title Name of the run for readers, such as `NAP on cifar10-mini`.
 * @throws NaptuneError for a damaged gallery.
 */
export async function galleryBlock(path: string, title: string): Promise<Block & { readonly kind: 'gallery' }> {
	const gallery = await readGallery(path)
	const { record, images } = gallery
	const { factor, images: pictures } = await galleryPictures(gallery)
	return {
		kind: 'gallery',
		title: `Images under attack: ${title}`,
		notes: notesOf(gallery),
		factor,
		images: images.map(({ id, label, models }, index): GalleryImage => {
			const pictured = at(pictures, index)
			return {
				id,
				className: at(record.dataset.classNames, label),
				clean: pngSource(pictured.clean),
				models: models.map(({ clean, adversarial }, which) => {
					const drawn = pictured.models[which]
					const { name } = at(record.models, which)
					return {
						title: name === 'vanilla' ? 'vanilla CLIP' : name,
						before: clean,
						...defined({
							attacked:
								drawn && adversarial
									? {
											adversarial: pngSource(drawn.adversarial),
											difference: pngSource(drawn.difference),
											after: adversarial,
										}
									: undefined,
						}),
					}
				}),
			}
		}),
	}
}

function notesOf({ record, images, width, height }: AttackGallery): string[] {
	const { dataset, attack, threatModel, seed, rule } = record
	return [
		`${grouped(images.length)} ${dataset.split} images of ${dataset.name}. ${rule}`,
		`${attack.name} (${settingLine(attack.options)}) attacks each model with full knowledge, ${normText(threatModel.norm)} epsilon ${sizeText(threatModel)}, seed ${seed}; images that a model gets wrong when clean are not attacked on it.`,
		`Pictures show the ${width} × ${height} pixels of the model's input, rounded to 8 bits. Changes appear around mid-grey.`,
	]
}

function pngSource({ png }: GalleryPicture): string {
	return `data:image/png;base64,${png.toString('base64')}`
}

/** Makes captions for labelled images without any, from the names of their classes. */

import { at } from '../../core/at.js'
import type { Dataset, Split } from '../dataset.js'
import { distinctCaptions, type Gallery } from './gallery.js'

/** Captions of every class; `{}` stands for its name. */
export const classCaptionTemplates: readonly string[] = [
	'a photo of a {}',
	'a good photo of the {}',
	'a close-up photo of a {}',
	'a bright photo of the {}',
	'one {}',
]

/**
 * Class-level retrieval: an image's captions are {@link classCaptionTemplates} with the name of its class, so all images of
 * a class share them. Includes the captions of classes without images.
 */
export function classGallery(
	dataset: Pick<Dataset, 'name' | 'classNames' | 'notices' | 'origin'>,
	images: Split,
): Gallery {
	const { name, classNames, notices, origin } = dataset
	const ofClasses = classNames.map((className) =>
		classCaptionTemplates.map((template) => template.replaceAll('{}', () => className)),
	)
	const { captions, own } = distinctCaptions(ofClasses)
	const ofImages = Array.from({ length: images.length }, (_, index) => at(own, images.label(index)))
	return {
		name,
		level: 'class',
		images: { ...images, label: (index) => at(at(ofImages, index), 0) },
		captions,
		own: ofImages,
		notices: [
			...notices,
			`Class-level retrieval: the captions are ${classCaptionTemplates.length} templates with the names of the ${classNames.length} classes, and every image of a class shares them.`,
		],
		origin: { ...origin, captionTemplates: classCaptionTemplates },
	}
}

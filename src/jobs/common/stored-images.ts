/** Finds the images of a data set that a store holds. */

import { type Dataset, idsOf, type Split, subset } from '../../data/dataset.js'
import type { AdversarialImages } from '../../evaluation/stores/adversarial-images.js'
import type { JobContext } from '../job.js'

/**
 * The images of the split that the store holds, with a note about other stored images; all of them if it holds none, so that
 * the caller's error says so.
 */
export function storedImages(
	store: AdversarialImages,
	dataset: Dataset,
	split: 'train' | 'validation' | 'test',
	{ onNote }: Pick<JobContext, 'onNote'>,
): Split {
	const all = dataset[split]
	const held = idsOf(all).flatMap((id, position) => (store.find(id) ? [position] : []))
	if (held.length === 0) return all
	const others = store.ids.length - held.length
	if (others > 0) {
		onNote({
			kind: 'note',
			text: `${others} of the ${store.ids.length} stored images are not among the ${split} images of ${dataset.name} and are skipped (if data come without a test split, the seed of the run draws one)`,
		})
	}
	return held.length < all.length ? subset(all, held) : all
}

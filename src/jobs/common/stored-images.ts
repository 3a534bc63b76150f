/** Which images of a data set a store holds. */

import { type Dataset, idsOf, type Split, subset } from '../../data/dataset.js'
import type { AdversarialImages } from '../../evaluation/stores/adversarial-images.js'
import type { JobContext } from '../job.js'

/** Those images of the split that the store holds, with a note on others of the store; all where it holds none, for the error to say so. */
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
			text: `${others} of the ${store.ids.length} stored images are not among the ${split} images of ${dataset.name} and are skipped (where data come without a test split, the seed of the run draws one)`,
		})
	}
	return held.length < all.length ? subset(all, held) : all
}

/** Finds unreadable images before hours of work rather than after. */

import type { Split } from './dataset.js'
import { findUnreadable, unreadableError } from './loading/unreadable.js'

/**
 * Decodes and discards every image.
 * @param progress Called after each image with the number done.
 * @throws NaptuneError that names the first five unreadable images and why.
 */
export async function checkImages(split: Split, progress: (done: number) => void = () => {}): Promise<void> {
	const unreadable = await findUnreadable(split, progress)
	if (unreadable.length > 0) throw unreadableError(unreadable, split.length)
}

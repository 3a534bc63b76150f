/** Finding unreadable images before hours of work rather than after. */

import type { Split } from './dataset.js'
import { findUnreadable, unreadableError } from './loading/unreadable.js'

/**
 * Decodes every image once and forgets it.
 * @param progress Called with how many images are done after each.
 * @throws NaptuneError that names the unreadable ones (the first five) and why.
 */
export async function checkImages(split: Split, progress: (done: number) => void = () => {}): Promise<void> {
	const unreadable = await findUnreadable(split, progress)
	if (unreadable.length > 0) throw unreadableError(unreadable, split.length)
}

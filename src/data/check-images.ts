/** Finding unreadable images before hours of work rather than after. */

import { NaptuneError } from '../errors.js'
import type { Split } from './dataset.js'

/**
 * Decodes every image once and forgets it.
 * @param progress Told how many images are done after each.
 * @throws NaptuneError that names the unreadable ones (the first five) and why.
 */
export async function checkImages(split: Split, progress: (done: number) => void = () => {}): Promise<void> {
	const problems: string[] = []
	for (let index = 0; index < split.length; index++) {
		try {
			await split.image(index)
		} catch (error) {
			if (!(error instanceof NaptuneError)) throw error
			problems.push(error.message)
		}
		progress(index + 1)
	}
	if (problems.length === 0) return
	const more = problems.length > 5 ? [`and ${problems.length - 5} more`] : []
	throw new NaptuneError(
		[`${problems.length} of ${split.length} images cannot be used:`, ...problems.slice(0, 5), ...more].join('\n  '),
	)
}

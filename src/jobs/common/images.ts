/** Finds unreadable images before a job starts, and stops or excludes them. */

import type { Dataset, Split } from '../../data/dataset.js'
import { fewShot } from '../../data/few-shot.js'
import {
	exclusionNotice,
	findUnreadable,
	type UnreadableImage,
	unreadableError,
	withoutImages,
} from '../../data/loading/unreadable.js'
import { type JobContext, startTask } from '../job.js'
import { stopIfAsked } from './stopped.js'

/** What to do with unreadable images. */
export type Unreadable = 'stop' | 'exclude'

type LookingContext = Pick<JobContext, 'onProgress' | 'onNote' | 'signal'>

/**
 * Checks all images before the work begins.
 * @returns The unreadable images, after a note about them; none if the job stops at them anyway and `early` is false.
 * @param early Whether to stop here rather than when the job reaches them.
 * @throws NaptuneError naming them, if they should stop the job.
 */
export async function unreadableImages(
	context: LookingContext,
	split: Split,
	what: string,
	unreadable: Unreadable,
	early: boolean,
): Promise<UnreadableImage[]> {
	// Images that a split already holds decoded are readable.
	if (!split.source || (unreadable === 'stop' && !early)) return []
	const task = startTask(context, 'checking images', split.length, 'images')
	const found = await findUnreadable(split, task.update, context.signal).finally(task.end)
	stopIfAsked(context)
	if (found.length === 0) return []
	if (unreadable === 'stop') {
		throw unreadableError(found, split.length, 'To skip them, add --unreadable exclude.')
	}
	context.onNote({ kind: 'note', text: exclusionNotice(found, split.length, what) })
	return found
}

/**
 * Finds the unreadable training images that runs should exclude. Runs on the same sample check it once.
 */
export function unreadableOfRuns(
	context: LookingContext,
	dataset: Dataset,
	unreadable: Unreadable,
): (sample: { readonly shots: number; readonly seed: number }) => Promise<readonly UnreadableImage[]> {
	const found = new Map<string, Promise<readonly UnreadableImage[]>>()
	return ({ shots, seed }) => {
		const key = `${shots} ${seed}`
		const known = found.get(key)
		if (known) return known
		const looking = unreadableImages(context, fewShot(dataset, shots, seed).train, 'training', unreadable, false)
		found.set(key, looking)
		return looking
	}
}

/**
 * The split without its unreadable images, if those should be excluded; the data set's notices list them.
 */
export async function readableImages<D extends Pick<Dataset, 'notices'>>(
	context: LookingContext,
	dataset: D,
	split: Split,
	splitName: string,
	unreadable: Unreadable,
): Promise<{ readonly dataset: D; readonly split: Split }> {
	const found = await unreadableImages(context, split, splitName, unreadable, false)
	if (found.length === 0) return { dataset, split }
	const notices = [...dataset.notices, exclusionNotice(found, split.length, splitName)]
	return { dataset: { ...dataset, notices }, split: withoutImages(split, found) }
}

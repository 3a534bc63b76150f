/** How commands read images: threads that decode, and what is done about images that cannot be read. */

import { Option } from 'commander'
import type { Dataset, Split } from '../data/dataset.js'
import { fewShot } from '../data/few-shot.js'
import { defaultLoaderThreads } from '../data/loading/image-loader.js'
import {
	exclusionNotice,
	findUnreadable,
	type UnreadableImage,
	unreadableError,
	withoutImages,
} from '../data/loading/unreadable.js'
import { loadTunedRun, type TunedRun } from '../evaluation/deployed/tuned-run.js'
import { followDownload } from './follow-download.js'
import { wholeNumber } from './options.js'
import type { Session } from './session.js'

/** Options of commands that read images. */
export interface LoadingOptions {
	/** See {@link loaderThreadsOption}. */
	readonly loaderThreads?: number
	readonly unreadable: 'stop' | 'exclude'
}

/** `--loader-threads`. */
export function loaderThreadsOption(): Option {
	const threads = defaultLoaderThreads()
	return new Option(
		'--loader-threads <count>',
		'threads that decode and augment image files; 0 for none of their own; changes the speed only',
	)
		.argParser(wholeNumber(0))
		.default(threads, `half of the cores: ${threads}`)
}

/** `--unreadable`. */
export function unreadableOption(): Option {
	return new Option(
		'--unreadable <what>',
		'what an image that cannot be read does: stop, or be left out, which is told and recorded',
	)
		.choices(['stop', 'exclude'])
		.default('stop')
}

/**
 * Looks at all images before the work begins.
 * @returns Those that cannot be read, which is said; none where the command stops at them anyway and `early` is false.
 * @param early Whether to stop here rather than when their turn comes.
 * @throws NaptuneError that names them, when they are to stop the command.
 */
export async function unreadableImages(
	{ progress, signal, stopIfAsked }: Session,
	split: Split,
	what: string,
	unreadable: LoadingOptions['unreadable'],
	early: boolean,
): Promise<UnreadableImage[]> {
	// Images that a split holds decoded can be read.
	if (!split.source || (unreadable === 'stop' && !early)) return []
	const task = progress.start('checking images', split.length, 'images')
	const found = await findUnreadable(split, task.update, signal).finally(() => task.end())
	stopIfAsked()
	if (found.length === 0) return []
	if (unreadable === 'stop') {
		throw unreadableError(found, split.length, 'To leave them out, add --unreadable exclude.')
	}
	progress.line(`note: ${exclusionNotice(found, split.length, what)}`)
	return found
}

/**
 * Finds the training images of runs that cannot be read and are to be left out. Runs on the same sample look at it once.
 */
export function unreadableOfRuns(
	session: Session,
	dataset: Dataset,
	unreadable: LoadingOptions['unreadable'],
): (sample: { readonly shots: number; readonly seed: number }) => Promise<readonly UnreadableImage[]> {
	const found = new Map<string, Promise<readonly UnreadableImage[]>>()
	return ({ shots, seed }) => {
		const key = `${shots} ${seed}`
		const known = found.get(key)
		if (known) return known
		const looking = unreadableImages(session, fewShot(dataset, shots, seed).train, 'training', unreadable, false)
		found.set(key, looking)
		return looking
	}
}

/**
 * The split of a data set without images that cannot be read, where those are to be left out; the data set's notices tell
 * them.
 */
export async function readableImages<D extends Pick<Dataset, 'notices'>>(
	session: Session,
	dataset: D,
	split: Split,
	splitName: string,
	unreadable: LoadingOptions['unreadable'],
): Promise<{ readonly dataset: D; readonly split: Split }> {
	const found = await unreadableImages(session, split, splitName, unreadable, false)
	if (found.length === 0) return { dataset, split }
	const notices = [...dataset.notices, exclusionNotice(found, split.length, splitName)]
	return { dataset: { ...dataset, notices }, split: withoutImages(split, found) }
}

/**
 * A finished run, whose data the session's threads load; a download is shown, and may be stopped.
 * @throws NaptuneError as `loadTunedRun`.
 */
export async function tunedRun(
	session: Session,
	directory: string,
	model?: string,
	dataRoot?: string,
): Promise<TunedRun> {
	const run = await loadTunedRun(directory, model, dataRoot)
	return {
		...run,
		async dataset() {
			const { onProgress, end } = followDownload(session)
			return session.imageLoader().dataset(await run.dataset(onProgress).finally(end))
		},
	}
}

/** Decoding, resizing and augmenting off the main thread, so that the engine need not wait for images. */

import { availableParallelism } from 'node:os'
import type { Tinypool } from 'tinypool'
import { NaptuneError } from '../../core/errors.js'
import type { DecodedImage } from '../../images/decode.js'
import { isFixed } from '../../images/view.js'
import type { Dataset, Split } from '../dataset.js'
import makeView, { type ViewAnswer, type ViewTask } from './loader-worker.js'
import { slots } from './slots.js'
import { viewCache } from './view-cache.js'

/** Options of {@link createImageLoader}. */
export interface ImageLoaderOptions {
	/** Worker threads from 0 to 256; with 0 the calling thread makes all views. Default {@link defaultLoaderThreads}. */
	readonly threads?: number
	/** Bytes of views that are the same every time (those of an evaluation) which may be kept in memory. Default 256 MiB. */
	readonly cacheBytes?: number
}

/** Makes views of images. What they are does not depend on the loader or its threads. */
export interface ImageLoader {
	readonly threads: number
	/**
	 * The same split, whose views this loader makes. A split whose images are decoded already stays as it is: sending them
	 * to a thread takes longer than the work there.
	 */
	split(split: Split): Split
	/** The same data set, all splits of which are loaded by this. */
	dataset<D extends Pick<Dataset, 'train' | 'validation' | 'test'>>(dataset: D): D
	/** Ends the threads, after which its splits give errors. May be called twice. */
	close(): Promise<void>
}

const defaultCacheBytes = 2 ** 28

/** Pictures that a thread has in hand: while one is being decoded by the image library, another one is resized. */
const tasksPerThread = 2

/** Half of the cores, at least one: the engine needs them more. */
export function defaultLoaderThreads(): number {
	return Math.max(1, Math.floor(availableParallelism() / 2))
}

/**
 * Creates a loader; its threads are started by the first image. Close it when done. A forgotten one keeps memory, but does
 * not keep the process alive.
 * @throws NaptuneError for a number of threads or bytes that makes no sense.
 */
export function createImageLoader(options: ImageLoaderOptions = {}): ImageLoader {
	const { threads = defaultLoaderThreads(), cacheBytes = defaultCacheBytes } = options
	if (!Number.isInteger(threads) || threads < 0 || threads > 256) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The threads of an image loader must be a whole number from 0 to 256, got ${threads}.`,
		)
	}
	if (!(cacheBytes >= 0)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The bytes that an image loader keeps must be a number of at least 0, got ${cacheBytes}.`,
		)
	}
	const cache = viewCache(cacheBytes)
	// Bounds pictures of full size and bytes of files in memory, however large a batch is.
	const inSlot = slots(threads === 0 ? 1 : threads * tasksPerThread + 1)
	let pool: Promise<Tinypool> | undefined
	let closed = false
	const make = async (task: ViewTask): Promise<DecodedImage> => {
		if (threads > 0) pool ??= startPool(threads)
		const answer: ViewAnswer = await (pool ? pool.then((threads) => threads.run(task)) : makeView(task)).catch(
			(cause: unknown) => {
				// What was under way when the loader was closed.
				throw closed ? closedError(cause) : cause
			},
		)
		if ('problem' in answer) throw new NaptuneError('NAP_IMAGE_DAMAGED', answer.problem)
		return answer
	}
	const numbers = new WeakMap<Split, number>()
	let splits = 0
	const loaded = (split: Split): Split => {
		const { source: sourceOf } = split
		if (!sourceOf) return split
		const number = numbers.get(split) ?? splits++
		numbers.set(split, number)
		return {
			...split,
			view: (index, view) =>
				inSlot(async () => {
					if (closed) throw closedError()
					const key = isFixed(view) ? JSON.stringify([number, index, view]) : undefined
					// Before the source is asked for: to read one row of a Parquet file, many are read.
					const kept = key && cache.get(key)
					if (kept) return kept
					const made = await make({ source: await sourceOf(index), view })
					if (key) cache.add(key, made)
					return made
				}),
		}
	}
	return {
		threads,
		split: loaded,
		dataset: (dataset) => ({
			...dataset,
			train: loaded(dataset.train),
			validation: loaded(dataset.validation),
			test: loaded(dataset.test),
		}),
		async close() {
			closed = true
			cache.clear()
			const ending = pool
			pool = undefined
			await (await ending)?.destroy()
		},
	}
}

function closedError(cause?: unknown): NaptuneError {
	return new NaptuneError('NAP_ENGINE_CLOSED', 'The image loader is closed; create another one.', { cause })
}

async function startPool(threads: number): Promise<Tinypool> {
	const { Tinypool } = await import('tinypool')
	return new Tinypool({
		filename: new URL('./loader-worker.js', import.meta.url).href,
		// The flags of the process are meant for the caller's script; some of them break this one.
		execArgv: [],
		minThreads: threads,
		maxThreads: threads,
		concurrentTasksPerWorker: tasksPerThread,
	})
}

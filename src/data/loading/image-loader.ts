/** Decodes, resizes and augments off the main thread, so that the engine does not wait for images. */

import { availableParallelism } from 'node:os'
import type { Tinypool } from 'tinypool'
import { NaptuneError } from '../../core/errors.js'
import { slots } from '../../core/slots.js'
import type { DecodedImage } from '../../images/decode.js'
import { isFixed } from '../../images/view.js'
import type { Dataset, Split } from '../dataset.js'
import makeView, { type ViewAnswer, type ViewTask } from './loader-worker.js'
import { viewCache } from './view-cache.js'

/** Options of {@link createImageLoader}. */
export interface ImageLoaderOptions {
	/** Worker threads from 0 to 256; with 0 the calling thread makes all views. Default {@link defaultLoaderThreads}. */
	readonly threads?: number
	/** Bytes of constant views (those of an evaluation) to keep in memory. Default 256 MiB. */
	readonly cacheBytes?: number
}

/** Makes views of images. The views do not depend on the loader or its threads. */
export interface ImageLoader {
	readonly threads: number
	/**
	 * The same split, with views made by this loader. A split of decoded images stays as it is: sending them to a thread
	 * takes longer than the work there.
	 */
	split(split: Split): Split
	/** The same data set, with all splits loaded by this loader. */
	dataset<D extends Pick<Dataset, 'train' | 'validation' | 'test'>>(dataset: D): D
	/** Ends the threads, after which its splits throw. May be called twice. */
	close(): Promise<void>
}

const defaultCacheBytes = 2 ** 28

/** Pictures per thread in flight: while the image library decodes one, another is resized. */
const tasksPerThread = 2

/** Half of the cores, at least one: the engine needs them more. */
export function defaultLoaderThreads(): number {
	return Math.max(1, Math.floor(availableParallelism() / 2))
}

/**
 * Creates a loader; the first image starts its threads. Close it when done: an open one holds memory, but does not keep the
 * process alive.
 * @throws NaptuneError for an invalid number of threads or bytes.
 */
export function createImageLoader(options: ImageLoaderOptions = {}): ImageLoader {
	const { threads = defaultLoaderThreads(), cacheBytes = defaultCacheBytes } = options
	if (!Number.isInteger(threads) || threads < 0 || threads > 256) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The threads of an image loader must be a whole number from 0 to 256; got ${threads}.`,
		)
	}
	if (!(cacheBytes >= 0)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The cache of an image loader must be at least 0 bytes; got ${cacheBytes}.`,
		)
	}
	const cache = viewCache(cacheBytes)
	// Bounds full-size pictures and file bytes in memory for any batch size.
	const inSlot = slots(threads === 0 ? 1 : threads * tasksPerThread + 1)
	let pool: Promise<Tinypool> | undefined
	let closed = false
	const make = async (task: ViewTask): Promise<DecodedImage> => {
		if (threads > 0) pool ??= startPool(threads)
		const answer: ViewAnswer = await (pool ? pool.then((threads) => threads.run(task)) : makeView(task)).catch(
			(cause: unknown) => {
				// Work in flight when the loader closed.
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
					// Before asking the source: reading one row of a Parquet file reads many.
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
	return new NaptuneError('NAP_ENGINE_CLOSED', 'The image loader is closed; create a new one.', { cause })
}

async function startPool(threads: number): Promise<Tinypool> {
	const { Tinypool } = await import('tinypool')
	return new Tinypool({
		filename: new URL('./loader-worker.js', import.meta.url).href,
		// The flags of the process are meant for the caller's script; some would break this one.
		execArgv: [],
		minThreads: threads,
		maxThreads: threads,
		concurrentTasksPerWorker: tasksPerThread,
	})
}

/** Decodes pictures off the main thread, so that the server keeps answering while it decodes a large one. */

import { availableParallelism } from 'node:os'
import { Tinypool } from 'tinypool'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { slots } from '../core/slots.js'
import type { DecodedImage } from '../images/decoded-image.js'
import type { ImageView } from '../images/view.js'
import type { PictureAnswer, PictureTask } from './picture-worker.js'

/** Options of {@link createPicturePool}. */
export interface PicturePoolOptions {
	/** Threads, at least 1. Default: half of the cores; the engine needs them more. */
	readonly threads?: number
	/** What becomes of every picture in the threads, or what is made of whole pictures behind them. */
	readonly preparation: ImageView | ((picture: DecodedImage) => Promise<Float32Array>)
	/** Pixels of a file at most. */
	readonly mostPixels: number
}

/** A pool that preprocesses pictures. */
export interface PicturePool {
	/**
	 * Decodes a file and prepares it.
	 * @param bytes Of a JPEG, PNG, WebP, GIF, TIFF or AVIF file. @param name What errors call it.
	 * @returns [3, S, S] in [0, 1], or what is made of whole pictures.
	 * @throws NaptuneError when it is not a readable image or has too many pixels; the signal's reason.
	 */
	prepare(bytes: Uint8Array, name: string, signal?: AbortSignal): Promise<Float32Array>
	/** Loads the image library in all threads, so that the first pictures need not wait for it. */
	warmUp(): Promise<void>
	close(): Promise<void>
}

/** While the image library decodes one picture, the thread resizes another. */
const tasksPerThread = 2

/** A PNG of one pixel. */
const tinyPicture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNoaGgAAAMEAYFL09IQAAAAAElFTkSuQmCC'

/** Starts the threads. Close the pool when done. */
export function createPicturePool(options: PicturePoolOptions): PicturePool {
	const { threads = Math.max(1, Math.floor(availableParallelism() / 2)), preparation, mostPixels } = options
	const own = typeof preparation === 'function' ? preparation : undefined
	const view = typeof preparation === 'function' ? undefined : preparation
	const pool = new Tinypool({
		filename: new URL('./picture-worker.js', import.meta.url).href,
		// The process's flags are meant for the caller's script; some would break this one.
		execArgv: [],
		minThreads: threads,
		maxThreads: threads,
		concurrentTasksPerWorker: tasksPerThread,
	})
	const decoded = async (bytes: Uint8Array, name: string) => {
		const answer: PictureAnswer = await pool.run({
			bytes,
			name,
			mostPixels,
			...defined({ view }),
		} satisfies PictureTask)
		if ('problem' in answer) throw new NaptuneError(answer.code, answer.problem)
		return answer
	}
	// Whole pictures are large: no more are decoded than are being made into small ones.
	const slot = slots(own ? threads * tasksPerThread : Number.POSITIVE_INFINITY)
	const prepare: PicturePool['prepare'] = (bytes, name, signal) =>
		slot(async () => {
			signal?.throwIfAborted()
			const picture = await decoded(bytes, name)
			if (picture instanceof Float32Array) return picture
			if (!own) throw new RangeError('Only whole pictures are made into something here.')
			return own(picture)
		})
	return {
		prepare,
		async warmUp() {
			const bytes = Buffer.from(tinyPicture, 'base64')
			await Promise.all(
				Array.from({ length: threads * tasksPerThread }, () => prepare(bytes, 'A picture to begin with')),
			)
		},
		close: () => pool.destroy(),
	}
}

/** Decodes pictures off the main thread, so that the server keeps answering while it decodes a large one. */

import { availableParallelism } from 'node:os'
import { Tinypool } from 'tinypool'
import { NaptuneError } from '../core/errors.js'
import type { ImageView } from '../images/view.js'
import type { PictureAnswer, PictureTask } from './picture-worker.js'

/** Options of {@link createPicturePool}. */
export interface PicturePoolOptions {
	/** Threads, at least 1. Default: half of the cores; the engine needs them more. */
	readonly threads?: number
	/** The preprocessing of every picture. */
	readonly view: ImageView
	/** Maximum number of pixels per file. */
	readonly mostPixels: number
}

/** A pool that preprocesses pictures. */
export interface PicturePool {
	/** Decodes and preprocesses a file.
	 * @param bytes A JPEG, PNG, WebP, GIF, TIFF or AVIF file. @param name Its name in errors.
	 * @returns [3, S, S] in [0, 1].
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
	const { threads = Math.max(1, Math.floor(availableParallelism() / 2)), view, mostPixels } = options
	const pool = new Tinypool({
		filename: new URL('./picture-worker.js', import.meta.url).href,
		// The process's flags are meant for the caller's script; some would break this one.
		execArgv: [],
		minThreads: threads,
		maxThreads: threads,
		concurrentTasksPerWorker: tasksPerThread,
	})
	const prepare: PicturePool['prepare'] = async (bytes, name, signal) => {
		signal?.throwIfAborted()
		const answer: PictureAnswer = await pool.run({ bytes, name, view, mostPixels } satisfies PictureTask)
		if (answer instanceof Float32Array) return answer
		throw new NaptuneError(answer.code, answer.problem)
	}
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

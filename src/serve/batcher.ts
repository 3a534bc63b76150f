/** Dynamic batching: processes items that arrive one by one together, without waiting longer than it pays. */

import { at } from '../core/at.js'

/** Options of {@link createBatcher}. */
export interface BatcherOptions<Item, Result> {
	/** Processes 1 to `size` items. @returns One result per item, in their order. */
	readonly run: (items: readonly Item[]) => Promise<readonly Result[]>
	/** Maximum number of items per batch, at least 1. */
	readonly size: number
	/** Maximum milliseconds that an item waits for others while the worker is idle. */
	readonly window: number
	/**
	 * Whether more items may arrive soon; if not, nothing waits. The batcher asks whenever an item arrives, so call
	 * {@link Batcher.look} when the answer changes to no.
	 */
	readonly expectsMore?: () => boolean
}

/** Collects items. */
export interface Batcher<Item, Result> {
	/**
	 * Submits an item.
	 * @param signal Withdraws the item while it waits; work in progress continues.
	 * @throws Whatever the work throws, for all items of the batch; the signal's reason.
	 */
	add(item: Item, signal?: AbortSignal): Promise<Result>
	/** Checks again whether waiting pays. */
	look(): void
	/** Number of waiting items. */
	readonly waiting: number
}

interface Waiting<Item, Result> {
	readonly item: Item
	/** When it came. */
	readonly since: number
	resolve(result: Result): void
	reject(error: unknown): void
}

/** Maximum number of full batches in progress: one is prepared or collected while the engine works on the other. */
const mostUnderWay = 2

/** So many windows does an item wait for a second one. */
const lonePatience = 4

/**
 * Collects items into batches. A batch leaves when it is full, or, once the batch before it has ended, when its first item has
 * waited for the window or no more items are expected. Items leave in the order in which they came.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
	const { run, size, window, expectsMore = () => true } = options
	const queue: Waiting<Item, Result>[] = []
	let underWay = 0
	/** Since when nothing is worked on. */
	let idleSince = performance.now()
	let timer: NodeJS.Timeout | undefined

	const leave = () => {
		clearTimeout(timer)
		timer = undefined
		const batch = queue.splice(0, size)
		underWay++
		settle(batch, run).finally(() => {
			underWay--
			idleSince = performance.now()
			look()
		})
	}
	const look = () => {
		// An empty batch is none, and one that is not full gains by waiting for the engine.
		while (queue.length >= size && underWay < mostUnderWay) leave()
		const [first] = queue
		if (!first || underWay > 0) return
		if (!expectsMore()) return leave()
		const isAlone = queue.length === 1
		const start = isAlone ? Math.max(first.since, idleSince) : first.since
		const left = start + (isAlone ? lonePatience : 1) * window - performance.now()
		if (left <= 0) return leave()
		clearTimeout(timer)
		timer = setTimeout(look, Math.ceil(left))
	}
	return {
		add: (item, signal) =>
			new Promise<Result>((resolve, reject) => {
				if (signal?.aborted) return reject(signal.reason)
				const withdraw = () => {
					const position = queue.indexOf(entry)
					if (position < 0) return
					queue.splice(position, 1)
					entry.reject(signal?.reason)
				}
				const done = () => signal?.removeEventListener('abort', withdraw)
				const entry: Waiting<Item, Result> = {
					item,
					since: performance.now(),
					resolve(result) {
						done()
						resolve(result)
					},
					reject(error) {
						done()
						reject(error)
					},
				}
				signal?.addEventListener('abort', withdraw, { once: true })
				queue.push(entry)
				look()
			}),
		look,
		get waiting() {
			return queue.length
		},
	}
}

async function settle<Item, Result>(
	batch: readonly Waiting<Item, Result>[],
	run: BatcherOptions<Item, Result>['run'],
): Promise<void> {
	try {
		const results = await run(batch.map(({ item }) => item))
		batch.forEach(({ resolve }, position) => {
			resolve(at(results, position))
		})
	} catch (error) {
		for (const { reject } of batch) reject(error)
	}
}

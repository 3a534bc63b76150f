/** Dynamic batching: what arrives one by one is worked on together, without waiting longer than it pays. */

import { at } from '../core/at.js'

/** Options of {@link createBatcher}. */
export interface BatcherOptions<Item, Result> {
	/** Works on 1 to `size` items. @returns One result for each, in their order. */
	readonly run: (items: readonly Item[]) => Promise<readonly Result[]>
	/** Items of a batch at most, at least 1. */
	readonly size: number
	/** Milliseconds that an item waits for others at most, while nothing else is worked on. */
	readonly window: number
	/**
	 * Whether more items may arrive soon. Where none may, nothing waits. Asked whenever an item arrives, so {@link Batcher.look}
	 * must be called when the answer turns to no.
	 */
	readonly expectsMore?: () => boolean
}

/** Collects items. */
export interface Batcher<Item, Result> {
	/**
	 * Hands in an item.
	 * @param signal Withdraws it while it waits; what is under way goes on.
	 * @throws What the work throws, which all items of its batch get; the signal's reason.
	 */
	add(item: Item, signal?: AbortSignal): Promise<Result>
	/** Looks again whether waiting pays. */
	look(): void
	/** Items that wait. */
	readonly waiting: number
}

interface Waiting<Item, Result> {
	readonly item: Item
	resolve(result: Result): void
	reject(error: unknown): void
}

/** Full batches that may be under way at once: one is prepared or taken in while the engine works on the other. */
const mostUnderWay = 2

/**
 * Collects items into batches. A batch leaves when it is full, when its first item has waited for the window, when no more
 * items are expected, or when the batch before it has ended. Items leave in the order in which they came.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
	const { run, size, window, expectsMore = () => true } = options
	const queue: Waiting<Item, Result>[] = []
	let underWay = 0
	let timer: NodeJS.Timeout | undefined
	let due = false

	const leave = () => {
		clearTimeout(timer)
		timer = undefined
		due = false
		const batch = queue.splice(0, size)
		underWay++
		settle(batch, run).finally(() => {
			underWay--
			look()
		})
	}
	const look = () => {
		// An empty batch is none, and one that is not full gains by waiting for the engine.
		while (queue.length >= size && underWay < mostUnderWay) leave()
		if (queue.length === 0 || underWay > 0) return
		if (due || window === 0 || !expectsMore()) return leave()
		timer ??= setTimeout(() => {
			timer = undefined
			due = true
			look()
		}, window)
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

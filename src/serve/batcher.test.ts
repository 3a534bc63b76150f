import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createBatcher } from './batcher.js'

/** A worker whose batches end when the test says so. */
function heldWork() {
	const batches: { readonly items: readonly number[]; end(error?: Error): void }[] = []
	const run = (items: readonly number[]) =>
		new Promise<readonly number[]>((resolve, reject) => {
			const end = (error?: Error) => (error ? reject(error) : resolve(items.map((item) => 10 * item)))
			batches.push({ items, end })
		})
	return { batches, run, sizes: () => batches.map(({ items }) => items.length) }
}

describe('a batcher', () => {
	it('gives each item its own result, in batches of at most the size', async () => {
		const sizes: number[] = []
		const batcher = createBatcher<number, number>({
			size: 4,
			window: 1,
			async run(items) {
				sizes.push(items.length)
				await wait(1)
				return items.map((item) => 10 * item)
			},
		})
		const results = await Promise.all(Array.from({ length: 23 }, (_, item) => batcher.add(item)))
		expect(results).toEqual(Array.from({ length: 23 }, (_, item) => 10 * item))
		expect(sizes.reduce((sum, size) => sum + size)).toBe(23)
		expect(Math.max(...sizes)).toBe(4)
	})

	it('collects while a batch is under way, and prepares one full batch more', async () => {
		const { batches, run, sizes } = heldWork()
		const batcher = createBatcher({ size: 3, window: 0, run })
		const all = Array.from({ length: 9 }, (_, item) => batcher.add(item))
		// The first finds the engine idle; the next three fill a batch, and a third one must wait.
		expect(sizes()).toEqual([1, 3])
		expect(batcher.waiting).toBe(5)
		batches[0]?.end()
		await wait(0)
		expect(sizes()).toEqual([1, 3, 3])
		batches[1]?.end()
		await wait(0)
		// Two are no full batch: they wait for the engine.
		expect(sizes()).toEqual([1, 3, 3])
		batches[2]?.end()
		await wait(0)
		expect(sizes()).toEqual([1, 3, 3, 2])
		batches[3]?.end()
		expect(await Promise.all(all)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80])
	})

	it('waits for others no longer than the window, and not at all where none are expected', async () => {
		const { batches, run, sizes } = heldWork()
		let expected = true
		const batcher = createBatcher({ size: 8, window: 30, run, expectsMore: () => expected })
		const first = [batcher.add(1), batcher.add(2)]
		expect(sizes()).toEqual([])
		await wait(60)
		expect(sizes()).toEqual([2])
		batches[0]?.end()
		await Promise.all(first)
		const second = batcher.add(3)
		expect(sizes()).toEqual([2])
		expected = false
		batcher.look()
		expect(sizes()).toEqual([2, 1])
		batches[1]?.end()
		expect(await second).toBe(30)
	})

	it('waits longer for a second one, which costs the engine nothing', async () => {
		const { batches, run, sizes } = heldWork()
		const batcher = createBatcher({ size: 8, window: 50, run, expectsMore: () => true })
		const first = batcher.add(1)
		await wait(90)
		expect(sizes()).toEqual([])
		// Two have waited for more than the window.
		const second = batcher.add(2)
		expect(sizes()).toEqual([2])
		batches[0]?.end()
		await Promise.all([first, second])
		const third = batcher.add(3)
		await wait(300)
		expect(sizes()).toEqual([2, 1])
		batches[1]?.end()
		expect(await third).toBe(30)
	})

	it('leaves out what was withdrawn while it waited, and nothing else', async () => {
		const { batches, run } = heldWork()
		const batcher = createBatcher({ size: 4, window: 0, run })
		const first = batcher.add(1)
		const controller = new AbortController()
		const withdrawn = batcher.add(2, controller.signal)
		const last = batcher.add(3, new AbortController().signal)
		controller.abort(new Error('gone'))
		await expect(withdrawn).rejects.toThrow('gone')
		await expect(batcher.add(4, controller.signal)).rejects.toThrow('gone')
		batches[0]?.end()
		await first
		await wait(0)
		expect(batches[1]?.items).toEqual([3])
		batches[1]?.end()
		expect(await last).toBe(30)
	})

	it('gives an error to the items of its batch and goes on', async () => {
		const { batches, run } = heldWork()
		const batcher = createBatcher({ size: 2, window: 0, run })
		const first = batcher.add(1)
		const second = batcher.add(2)
		batches[0]?.end(new Error('no memory'))
		await expect(first).rejects.toThrow('no memory')
		await wait(0)
		batches[1]?.end()
		expect(await second).toBe(20)
	})
})

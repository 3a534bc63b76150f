import { expect, it } from 'vitest'
import { createBusyFlag, stopAndWait, watchExit, whileBusy } from './busy-flag.js'

it('does not wait for an idle worker, and lets it start nothing more', async () => {
	const flag = createBusyFlag()
	let works = 0
	const work = () =>
		whileBusy(flag, async () => {
			works++
		})
	await work()
	stopAndWait(flag)
	await work()
	expect(works).toBe(1)
})

it('is idle again after work that failed', async () => {
	const flag = createBusyFlag()
	const failing = whileBusy(flag, async () => {
		throw new Error('no')
	})
	await expect(failing).rejects.toThrow('no')
	const start = performance.now()
	stopAndWait(flag)
	expect(performance.now() - start).toBeLessThan(1000)
})

it('listens to the exit of the process once, and only while there are workers', () => {
	const before = process.listenerCount('exit')
	const undo = Array.from({ length: 20 }, () => watchExit(createBusyFlag()))
	expect(process.listenerCount('exit')).toBe(before + 1)
	for (const each of undo) each()
	expect(process.listenerCount('exit')).toBe(before)
})

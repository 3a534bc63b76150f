import { expect, it } from 'vitest'
import { createBusyFlag, stopAndWait, whileBusy } from './busy-flag.js'

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

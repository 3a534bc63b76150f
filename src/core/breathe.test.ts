import { expect, it } from 'vitest'
import { breather } from './breathe.js'

it('lets timers through in a long loop', async () => {
	let ticks = 0
	const timer = setInterval(() => ticks++, 1)
	const breathe = breather(5)
	const end = performance.now() + 200
	let rounds = 0
	let pauses = 0
	for (; performance.now() < end; rounds++) {
		const pause = breathe()
		if (!pause) continue
		pauses++
		await pause
	}
	clearInterval(timer)
	expect(ticks).toBeGreaterThan(3)
	expect(pauses).toBeLessThan(rounds / 10)
})

import { performance } from 'node:perf_hooks'
import { expect, it } from 'vitest'
import { noiseTensor, productChain } from '../graphs.test.support.js'
import { createEngine } from './create-engine.js'

it('keeps a 10 ms timer ticking during a run of over a second', async () => {
	const engine = await createEngine()
	const feeds = { x: await engine.upload(noiseTensor([768, 768], 1)) }
	const ticksDuring = async (length: number) => {
		const program = await engine.compile(productChain(768, length))
		const ticks: number[] = []
		const start = performance.now()
		const timer = setInterval(() => ticks.push(performance.now() - start), 10)
		await program.run(feeds)
		const duration = performance.now() - start
		clearInterval(timer)
		await program.release()
		return { duration, ticks }
	}
	// The chain grows until one run takes more than a second on this machine, however fast it is.
	let length = 30
	let measured = await ticksDuring(length)
	while (measured.duration < 1000) {
		length = Math.ceil(length * Math.min(20, 1400 / measured.duration))
		measured = await ticksDuring(length)
	}
	await engine.close()
	const { duration, ticks } = measured
	const gaps = [...ticks, duration].map((tick, index) => tick - (ticks[index - 1] ?? 0))
	// A loop that the run blocks has no tick and one gap of the whole duration; a machine with busy cores delays some.
	expect(ticks.length).toBeGreaterThan(duration / 10 / 4)
	expect(Math.max(...gaps)).toBeLessThan(duration / 3)
})

import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { startClock } from './spent-time.js'

const nothing = { seconds: 0, residentBytes: 0 }

async function place(): Promise<string> {
	return join(await temporaryFolder(), 'usage.json')
}
const noted = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as { seconds: number }

describe('spent time', () => {
	it('is noted while it passes, so that a killed process counts', async () => {
		const path = await place()
		const killed = await startClock(path, 'run', { seconds: 100, residentBytes: 5 }, 20)
		killed.sawMemory(7)
		killed.sawMemory(6)
		await setTimeout(200)
		const { seconds } = await noted(path)
		expect(seconds).toBeGreaterThan(100.1)
		expect(killed.usage().seconds).toBeGreaterThanOrEqual(seconds)
		// The state that the next process finds says less than the note.
		const next = await startClock(path, 'run', { seconds: 100.05, residentBytes: 0 }, 1e6)
		expect(next.usage().seconds).toBeGreaterThanOrEqual(seconds)
		expect(next.usage().residentBytes).toBe(7)
		await next.stop(false)
		await killed.stop(false)
		expect(existsSync(path)).toBe(false)
	})

	it('is kept by a stop, and what a state says counts where it is more', async () => {
		const path = await place()
		const stopped = await startClock(path, 'run', { seconds: 10, residentBytes: 0 })
		await stopped.stop(true)
		expect((await noted(path)).seconds).toBeGreaterThan(10)
		const later = await startClock(path, 'run', { seconds: 20, residentBytes: 0 })
		expect(later.usage().seconds).toBeGreaterThanOrEqual(20)
		await later.stop(false)
	})

	it('of another training, and a damaged note, do not count', async () => {
		const path = await place()
		await (await startClock(path, 'another', { seconds: 50, residentBytes: 0 })).stop(true)
		const own = await startClock(path, 'run', nothing)
		expect(own.usage().seconds).toBeLessThan(50)
		await own.stop(true)
		await writeFile(path, '{"of":"run","seconds"')
		const damaged = await startClock(path, 'run', nothing)
		expect(damaged.usage().seconds).toBeLessThan(50)
		await damaged.stop(false)
	})
})

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { learningFrom, learningOf } from './learning.js'

describe('whether a run learned', () => {
	it.each([
		// CoOp in 90 steps of the paper's rate, as an outside reading found it.
		[[1.57, 1.47], undefined, 0.05, false],
		[[1.57, 1.2], undefined, 0.05, true],
		[[1.57, 1.2], undefined, 0.001, false],
		[[0.5, 0.6], [2.4, 1.1], undefined, true],
		[[0.5, 0.49], [2.4, 2.3], undefined, false],
		[[0, 0], undefined, 1, false],
	] as const)('is told by losses %j and %j, and %d of movement', (clean, attacked, moved, trained) => {
		expect(learningFrom(clean, attacked, moved).trained).toBe(trained)
	})

	it('is read from the log of a run, also of an older one that does not say how far parameters moved', async () => {
		const run = fileURLToPath(new URL('../../results/fair/nap', import.meta.url))
		const learning = await learningOf(run)
		expect(learning).toMatchObject({ trained: true })
		expect(learning!.cleanLoss[1]).toBeLessThan(learning!.cleanLoss[0])
		expect(learning).not.toHaveProperty('moved')
	})

	it('is not told where there is no finished run', async () => {
		const folder = await temporaryFolder()
		expect(await learningOf(folder)).toBeUndefined()
		await writeFile(join(folder, 'log.jsonl'), '')
		expect(await learningOf(folder)).toBeUndefined()
	})
})

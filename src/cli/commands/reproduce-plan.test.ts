import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobResult } from '../../jobs/job.js'
import type { reproducePlan } from '../../jobs/reproduce-plan.js'
import { runCli, runJson, writeTinyModel } from '../cli.test.helper.js'

let folder: string
let own: string
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-plan-'))
	await writeTinyModel(join(folder, 'model'))
	own = join(folder, 'own.json')
	const definition = {
		name: 'own',
		epsilon: '1/255',
		preset: 'tiny',
		datasets: ['oxford-pets', 'nothing-like-it'],
		methods: ['vanilla', 'nap'],
		conditions: ['clean', 'pgd-5'],
	}
	await writeFile(own, JSON.stringify(definition))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a plan', () => {
	it('says what cells take, of data that are not there from their published counts, and writes nothing', async () => {
		const before = await readdir(folder)
		const args = ['reproduce', own, '--plan', '--model', join(folder, 'model'), '--threads', '1']
		const { code, document, stderr } = await runJson(args)
		expect([code, stderr.match(/error.*/i)]).toEqual([0, null])
		expect(stderr).toContain(
			'oxford-pets: planned from its published counts. oxford-pets needs a data root with the folder',
		)
		expect(stderr).toContain('not planned, nothing-like-it')
		const { rows, total, planned, stoodIn } = document as JobResult<typeof reproducePlan>
		expect([planned, stoodIn]).toEqual([['oxford-pets'], []])
		// Preset tiny: 4 images of each of 37 classes, in 18 steps of 8 for 2 epochs, two inner steps and both sides of the loss.
		expect(rows).toMatchObject([{ dataset: 'oxford-pets', runs: 1, attacks: 2, tuningGradients: 2 * 18 * 8 * 4 }])
		expect(rows[0]!.hours).toBeGreaterThan(0)
		expect(total.hours).toBeCloseTo(rows[0]!.tuningHours + rows[0]!.attackHours, 9)
		expect(total.peakBytes).toBeGreaterThan(1e7)
		expect(await readdir(folder)).toEqual(before)
	})

	it('is for people, too', async () => {
		const args = ['reproduce', own, '--plan', '--methods', 'nap', '--limit', '8', '--threads', '1']
		const { code, stdout } = await runCli([...args, '--model', join(folder, 'model')])
		expect([code, stdout]).toEqual([0, expect.stringMatching(/own +model +oxford-pets +1 +1[\s\S]*In total/)])
	})

	it('refuses what reproduce refuses', async () => {
		const { code, stderr } = await runCli(['reproduce', own, '--plan', '--protocol', 'both'])
		expect([code, stderr]).toEqual([1, expect.stringContaining('none of its methods has any')])
	})
})

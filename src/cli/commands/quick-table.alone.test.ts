import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEvaluationRecord } from '../../evaluation/robustness/record.js'
import type { Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { runCli } from '../cli.test.helper.js'

const methods = ['vanilla', 'nap']
const conditions = ['clean', 'cwa', 'ags', 'pgd', 'autoattack']
const committed = new URL('../../../results/reproduce-quick/table1/result.json', import.meta.url)

let folder: string
let result: ExperimentResult

// What the README's table is made of, for two of its methods: some minutes.
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-quick-table-'))
	const narrow = ['--methods', methods.join(','), '--conditions', conditions.join(',')]
	// Nothing else runs beside it, so the engine's threads may wait for one another awake.
	const { code, stderr } = await runCli(['reproduce', 'table1', '--quick', ...narrow, '--output', folder], {
		env: { NAPTUNE_SPINNING: '1' },
	})
	if (code !== 0) throw new Error(`The table ended with ${code}: ${stderr}`)
	result = JSON.parse(await readFile(join(folder, 'table1', 'result.json'), 'utf8'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const cell = (method: string, condition: string, { cells } = result): Cell =>
	cells.find((one) => one.method === method && one.condition === condition)!

describe('Table I, small', () => {
	it('is whole: every row of every method, on enough images', () => {
		expect(result.problems).toEqual([])
		expect(result.cells.map(({ method, condition, images }) => [method, condition, images])).toEqual(
			methods.flatMap((method) =>
				conditions.map((condition) => [method, condition, condition === 'autoattack' ? 40 : 100]),
			),
		)
	})

	it('has attacks in the order of what they know', async () => {
		for (const method of methods) {
			const [clean, cwa, ags, pgd] = conditions.map((condition) => cell(method, condition).accuracy)
			for (const transfer of [cwa!, ags!]) {
				expect(transfer).toBeLessThanOrEqual(clean!)
				expect(transfer).toBeGreaterThan(pgd!)
			}
			// AutoAttack on fewer images: beside PGD on those of them.
			const [weaker, stronger] = await Promise.all(
				['pgd', 'autoattack'].map((condition) =>
					readEvaluationRecord(join(folder, cell(method, condition).seeds[0]!.record)),
				),
			)
			const ids = new Set(stronger!.outcomes.map(({ id }) => id))
			const right = (record: typeof weaker) =>
				record!.outcomes.filter(
					({ id, label, adversarialPrediction }) => ids.has(id) && adversarialPrediction === label,
				)
			const shared = weaker!.outcomes.filter(({ id }) => ids.has(id)).length
			expect(right(stronger).length / stronger!.images).toBeLessThanOrEqual(right(weaker).length / shared + 0.05)
		}
	})

	it('has a control that falls and a defense that stands', () => {
		expect(cell('vanilla', 'clean').accuracy).toBeGreaterThan(0.7)
		expect(cell('vanilla', 'autoattack').accuracy).toBeLessThan(0.1)
		expect(cell('nap', 'autoattack').accuracy).toBeGreaterThan(cell('vanilla', 'autoattack').accuracy)
		expect(cell('nap', 'pgd').paired).toBeUndefined()
		expect(cell('vanilla', 'pgd').paired!.interval[1]).toBeLessThan(0)
	})

	it('agrees with the committed one, but for images at the border on another processor', async () => {
		const whole = JSON.parse(await readFile(committed, 'utf8')) as ExperimentResult
		for (const { method, condition, accuracy, images } of result.cells) {
			const before = cell(method, condition, whole)
			expect(before.images).toBe(images)
			expect(Math.abs(before.accuracy - accuracy)).toBeLessThanOrEqual(0.1)
		}
	})
})

import { describe, expect, it } from 'vitest'
import { embeddedModel } from '../checkpoints/checkpoint.js'
import { loadClip } from '../checkpoints/load-clip.js'
import { subset } from '../data/dataset.js'
import { loadDataset } from '../data/registry.js'
import { loadPreset } from '../methods/tuning/presets.js'
import { attackKey } from './attacked-cell.js'
import { loadExperiment } from './definition.js'
import { planExperiment } from './plan.js'

const dataset = await loadDataset('cifar10-mini')
const models = [{ name: 'nano', clip: await loadClip(embeddedModel) }]

async function plan(name: string, overrides: Readonly<Record<string, unknown>> = {}, datasets = [dataset]) {
	const definition = await loadExperiment(name, { quick: true, changes: { overrides } })
	return planExperiment({ definition, preset: await loadPreset(definition.preset), models, datasets })
}
const foldersOf = ({ cells }: Awaited<ReturnType<typeof plan>>) => cells.map(({ cell }) => cell.folder)

describe('the cells of an experiment', () => {
	it('are all methods, seeds and points, with vanilla CLIP once', async () => {
		expect(new Set(foldersOf(await plan('table1'))).size).toBe(9)
		expect(new Set(foldersOf(await plan('table2'))).size).toBe(1 + 3 * 3)
		const { cells } = await plan('fig-refiner')
		expect(cells.map(({ cell, point }) => [cell.method, point])).toEqual([
			['vanilla', undefined],
			...[0, 1, 2, 3, 4].map((depth) => ['nap', depth]),
			['nap-doubled', undefined],
		])
		expect(cells.map(({ cell }) => cell.tuning?.config.defense.options.refinerDepth)).toEqual([
			undefined,
			0,
			1,
			undefined,
			3,
			4,
			0,
		])
	})

	it('are shared between experiments where they are the same', async () => {
		const shared = (a: readonly string[], b: readonly string[]) => a.filter((folder) => b.includes(folder)).length
		const table = foldersOf(await plan('table1'))
		expect(shared(table, foldersOf(await plan('table2')))).toBe(4)
		// NAP itself is a point of every curve; vanilla stands beside it.
		for (const name of ['table3', 'fig4-layers', 'fig5-alpha', 'fig-refiner', 'fig6-shots', 'fig7-context']) {
			expect([name, shared(table, foldersOf(await plan(name)))]).toEqual([name, 2])
		}
	})

	it('attack the same images with the same seed in every experiment, so that records are shared, too', async () => {
		const keys = (planned: Awaited<ReturnType<typeof plan>>) =>
			planned.cells.flatMap(({ cell, attacks }) => attacks.map((attack) => attackKey(cell, attack)))
		const table = new Set(keys(await plan('table1')))
		expect(keys(await plan('fig5-alpha')).filter((key) => table.has(key))).toHaveLength(2)
	})

	it('take settings for all, but what the axis varies stays', async () => {
		const { cells } = await plan('fig5-alpha', { epochs: 1, alpha: { alpha: 7 } })
		const configs = cells.flatMap(({ cell }) => cell.tuning?.config ?? [])
		expect(configs.map(({ epochs, alpha }) => [epochs, alpha.alpha])).toEqual(
			[0.01, 0.1, 0.5, 1, 2, 3, 5, 8, 10, 20, 50, 100].map((a) => [1, a]),
		)
	})

	it('have balanced test images, as many as there are at most', async () => {
		const { cells } = await plan('table1')
		const attacks = cells[0]!.attacks
		expect(attacks.map(({ condition, split }) => [condition, split.length]).slice(0, 4)).toEqual([
			['cwa', 100],
			['ags', 100],
			['pgd', 100],
			['autoattack', 40],
		])
		const { split } = attacks.find(({ condition }) => condition === 'autoattack')!
		for (let label = 0; label < 10; label++) {
			expect(Array.from({ length: 40 }, (_, at) => split.label(at)).filter((own) => own === label)).toHaveLength(4)
		}
		const few = { ...dataset, test: subset(dataset.test, [0, 1, 2]) }
		expect((await plan('table1', {}, [few])).cells[0]!.attacks[0]!.split.length).toBe(3)
	})

	it('are refused where settings do not exist or nothing can be attacked', async () => {
		await expect(plan('table1', { epoch: 3 })).rejects.toThrow('epoch')
		await expect(plan('table1', {}, [{ ...dataset, test: subset(dataset.test, []) }])).rejects.toThrow('no test images')
	})
})

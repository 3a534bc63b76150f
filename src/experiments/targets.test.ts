import { describe, expect, it } from 'vitest'
import { embeddedModel } from '../checkpoints/checkpoint.js'
import { loadClip } from '../checkpoints/load-clip.js'
import { loadExperiment } from './definition.js'
import {
	arePaperDatasets,
	geometryName,
	loadPaperTargets,
	measuresAsThePaper,
	paperAverage,
	paperTarget,
} from './targets.js'

const targets = await loadPaperTargets()
const nap = { model: 'ViT-B/16', method: 'nap' }

describe("the paper's numbers", () => {
	it.each(['table1', 'table2'])('of %s are 385 cells with the mean of each row', (experiment) => {
		const own = targets.averages.filter((entry) => entry.experiment === experiment)
		expect(own).toHaveLength(35)
		expect(targets.cells.filter((entry) => entry.experiment === experiment)).toHaveLength(385)
		for (const average of own) {
			const cells = targets.cells.filter(
				(cell) =>
					cell.experiment === experiment && cell.condition === average.condition && cell.method === average.method,
			)
			expect(cells).toHaveLength(11)
			expect(Math.abs(cells.reduce((sum, { percent }) => sum + percent, 0) / 11 - average.recomputed!)).toBeLessThan(
				0.0051,
			)
		}
	})

	it('say where they stand', () => {
		const places = [...targets.cells, ...targets.averages, ...targets.ranges, ...targets.claims].map(
			({ place }) => place,
		)
		expect(places.every((place) => /^(abstract, )?(I|V-[A-H]|Table I{1,3}(, row [124])?)$/.test(place))).toBe(true)
		for (const section of ['V-B', 'V-D', 'V-E', 'V-F', 'V-G', 'V-H']) expect(places).toContain(section)
	})

	it('stand at places that the experiments have', async () => {
		for (const entry of [...targets.cells, ...targets.averages, ...targets.ranges]) {
			const { methods, conditions, axis, datasets } = await loadExperiment(entry.experiment)
			expect(Object.keys(methods)).toContain(entry.method)
			expect(conditions.map(({ name }) => name)).toContain(entry.condition)
			if (entry.point !== undefined) expect(axis!.points.map(({ value }) => value)).toContain(entry.point)
			if ('dataset' in entry && entry.dataset !== undefined) {
				expect(datasets).toContain(entry.dataset === 'imagenet' ? 'imagenet-1000' : entry.dataset)
			}
		}
	})

	it('are found by place', () => {
		const place = { experiment: 'table1', condition: 'autoattack', ...nap }
		expect(paperTarget(targets, { ...place, dataset: 'caltech101' })).toBe(80.6)
		expect(paperTarget(targets, { ...place, dataset: 'imagenet-1000' })).toBe(28.3)
		expect(paperTarget(targets, { ...place, dataset: 'photos' })).toBeUndefined()
		expect(paperAverage(targets, place)).toEqual({ stated: 51.4, recomputed: 48.86 })
		expect(paperAverage(targets, { ...place, method: 'fap' })).toEqual({ stated: 2.2, recomputed: 2.05 })
		const flowers = { experiment: 'table3', condition: 'pgd-at-4', dataset: 'oxford-flowers', ...nap }
		expect(paperTarget(targets, { ...flowers, point: 2 })).toBe(38.1)
		expect(paperTarget(targets, flowers)).toBeUndefined()
	})

	it('stand beside what measures the same thing only', async () => {
		const whole = await loadExperiment('table3')
		expect(await measuresAsThePaper(whole)).toBe(true)
		const [clean, pgd] = whole.conditions
		const fewer = {
			methods: { nap: whole.methods.nap! },
			conditions: [clean!, pgd!],
			seeds: [2],
			images: { default: 9 },
		}
		expect(await measuresAsThePaper({ ...whole, ...fewer, datasets: ['oxford-flowers'] })).toBe(true)
		const { axis, ...vanilla } = { ...whole, methods: { vanilla: whole.methods.vanilla! } }
		expect(await measuresAsThePaper(vanilla)).toBe(true)
		for (const changes of [
			{ epsilon: '2/255' },
			{ overrides: { epochs: 1 } },
			{ preset: 'fair' },
			{ name: 'own' },
			{ axis: { ...axis!, points: axis!.points.slice(1) } },
			{ methods: { nap: { ...whole.methods.nap!, tuning: { shots: 1 } } } },
			{ conditions: [{ ...pgd!, attack: 'pgd-20' }] },
		]) {
			expect([changes, await measuresAsThePaper({ ...whole, ...changes })]).toEqual([changes, false])
		}
		expect(await measuresAsThePaper(await loadExperiment('table3', { quick: true }))).toBe(false)
		const { datasets } = await loadExperiment('table1')
		expect(arePaperDatasets(targets, datasets)).toBe(true)
		expect(arePaperDatasets(targets, datasets.slice(1))).toBe(false)
		expect(arePaperDatasets(targets, [...datasets.slice(1), 'photos'])).toBe(false)
	})

	it('say nothing of a model of another size', async () => {
		const { config } = await loadClip(embeddedModel)
		expect(geometryName(config)).toBeUndefined()
		const vision = { ...config.vision, width: 768, layers: 12, imageSize: 224, patchSize: 32 }
		expect(geometryName({ ...config, vision, text: { ...config.text, width: 512 } })).toBe('ViT-B/32')
	})
})

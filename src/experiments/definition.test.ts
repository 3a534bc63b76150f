import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareAttack } from '../attacks/registry.js'
import { loadPreset, presetConfig } from '../methods/tuning/presets.js'
import { experimentNames, loadExperiment, packagedExperiments } from './definition.js'

let folder: string
let whole: Record<string, unknown>
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-definition-'))
	whole = JSON.parse(await readFile(new URL('../../experiments/table3.json', import.meta.url), 'utf8'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function load(changes: Record<string, unknown>, options: Parameters<typeof loadExperiment>[1] = {}) {
	const path = join(folder, 'own.json')
	await writeFile(path, JSON.stringify({ ...whole, ...changes }))
	return loadExperiment(path, options)
}

describe('the experiments of the package', () => {
	it('are all known by name', async () => {
		expect((await packagedExperiments()).sort()).toEqual([...experimentNames].sort())
	})

	it.each(experimentNames)('%s is one that can be run, whole and quick', async (name) => {
		for (const quick of [false, true]) {
			const { methods, conditions, preset, axis, tuning } = await loadExperiment(name, { quick })
			for (const { attack, options } of conditions) if (attack) prepareAttack(attack, options)
			const settings = await loadPreset(preset)
			for (const [method, { defense = method }] of Object.entries(methods)) {
				if (defense === 'vanilla') continue
				for (const point of axis?.points ?? [{ tuning: {} }]) presetConfig(settings, defense, tuning, point.tuning)
			}
		}
	})

	it.each(experimentNames)('%s is a real experiment when quick', async (name) => {
		const { images, models, datasets, axis, epsilonCurve } = await loadExperiment(name, { quick: true })
		expect({ models, datasets }).toEqual({ models: ['nano'], datasets: ['cifar10-mini'] })
		expect(images.default).toBeGreaterThanOrEqual(100)
		expect(images.autoattack ?? 40).toBeGreaterThanOrEqual(40)
		expect(axis?.points.length ?? 3).toBeGreaterThanOrEqual(3)
		expect(epsilonCurve?.epsilons.length ?? 3).toBeGreaterThanOrEqual(3)
	})
})

const axis = (values: readonly number[]) => ({
	name: 'shots',
	title: 'shots',
	methods: ['nap'],
	points: values.map((value) => ({ value, tuning: {} })),
})

describe('an experiment of one’s own', () => {
	it('is read from its file, with changes over it', async () => {
		expect(await load({}, { changes: { datasets: ['dtd'] } })).toMatchObject({ name: 'table3', datasets: ['dtd'] })
	})

	it('needs no quick form, but says so when it is asked for', async () => {
		expect(await load({ quick: undefined })).toMatchObject({ preset: 'paper' })
		await expect(load({ quick: undefined }, { quick: true })).rejects.toThrow('has no quick form')
	})

	it.each([
		[{ reference: 'napp' }, 'there is no method napp'],
		[{ conditions: [{ name: 'clean', title: 'Clean', cleanOf: 'pgd' }] }, 'there is no attack pgd'],
		[{ conditions: [{ name: 'clean', title: 'Clean' }] }, 'give either an attack, or cleanOf'],
		[
			{ conditions: [{ name: 'cwa', title: 'CWA', attack: 'mi-cwa', madeOn: 'classifiers' }], axis: undefined },
			'images are made on surrogates, but none are given',
		],
		[{ conditions: [] }, 'give at least one condition'],
		[{ seeds: [1, 2, 1] }, '1 is there twice'],
		[{ datasets: ['dtd', 'dtd'] }, 'dtd is there twice'],
		[{ conditions: ['a', 'a'].map((name) => ({ name, title: 'A', attack: 'pgd-5' })) }, 'a is there twice'],
		[{ axis: axis([1, 3, 2]) }, 'values must grow'],
		[{ axis: { ...axis([0, 1, 2]), scale: 'log' } }, 'must be above 0'],
		[{ overrides: { seed: 3 } }, 'give seeds'],
		[{ overrides: { defense: { name: 'coop' } } }, 'give another method'],
		[{ methods: { nap: { title: 'NAP', tuning: { defense: { name: 'coop' } } } } }, 'give another method'],
		[{ shots: 3 }, 'shots'],
		[{ name: 'Table 3' }, 'words of small letters'],
	])('is refused with %j', async (changes, message) => {
		await expect(load(changes)).rejects.toThrow(message)
	})

	it('has to exist', async () => {
		await expect(loadExperiment('table9')).rejects.toThrow('choose one of table1, table2')
		await expect(loadExperiment(join(folder, 'none.json'))).rejects.toThrow('does not exist')
	})
})

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareAttack } from '../attacks/registry.js'
import { loadPreset, presetConfig } from '../methods/tuning/presets.js'
import { experimentNames, experimentOf, loadExperiment, packagedExperiments, paperExperiments } from './definition.js'
import { experimentOfPreset } from './definition-of-preset.js'

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
				const own = [tuning, methods[method]?.tuning ?? {}]
				for (const point of axis?.points ?? [{ tuning: {} }]) presetConfig(settings, defense, ...own, point.tuning)
			}
		}
	})

	it.each(paperExperiments)('%s is a real experiment when quick', async (name) => {
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
		[{ reference: 'napp' }, 'there is no method napp. Did you mean nap?'],
		[{ conditions: [{ name: 'clean', title: 'Clean', cleanOf: 'pgd' }] }, 'there is no attack pgd'],
		[{ conditions: ['clean', 'pgd-5', 'pgd-5'] }, 'pgd-5 appears twice'],
		[{ axis: { setting: 'shots' } }, 'give either points, or a setting and its values'],
		[
			{ methods: { nap: { tilte: 'NAP' } } },
			'known keys: title, defense, tuning, over, protocol, preset. Did you mean title?',
		],
		[{ folders: 'by-method', datasets: ['dtd', 'eurosat'] }, 'a folder by method has room for one'],
		[{ folders: 'by-method' }, 'a folder by method has room for one point'],
		[{ conditions: [{ name: 'clean', title: 'Clean' }] }, 'give either an attack, or cleanOf'],
		[
			{ conditions: [{ name: 'cwa', title: 'CWA', attack: 'mi-cwa', madeOn: 'classifiers' }], axis: undefined },
			'images are made on surrogates, but none are given',
		],
		[{ conditions: [] }, 'give at least one condition'],
		[{ seeds: [1, 2, 1] }, '1 appears twice'],
		[{ datasets: ['dtd', 'dtd'] }, 'dtd appears twice'],
		[{ conditions: ['a', 'a'].map((name) => ({ name, title: 'A', attack: 'pgd-5' })) }, 'a appears twice'],
		[{ axis: axis([1, 3, 2]) }, 'values must increase'],
		[{ axis: { ...axis([0, 1, 2]), scale: 'log' } }, 'must be above 0'],
		[{ overrides: { seed: 3 } }, 'use seeds'],
		[{ overrides: { defense: { name: 'coop' } } }, 'use another method'],
		[{ methods: { nap: { title: 'NAP', tuning: { defense: { name: 'coop' } } } } }, 'use another method'],
		[{ methods: { nap: { over: 'tecoo' }, tecoa: {} } }, 'there is no method tecoo. Did you mean tecoa?'],
		[{ methods: { nap: { over: 'coop' }, coop: {} } }, 'coop ends in no checkpoint; those that do are tecoa, fare'],
		[{ methods: { nap: { over: 'tecoa' }, tecoa: { over: 'fare' }, fare: { over: 'tecoa' } } }, 'over itself'],
		[{ methods: { vanilla: { over: 'tecoa' }, tecoa: {} } }, 'vanilla over tecoa would be tecoa itself'],
		[{ shots: 3 }, 'shots'],
		[{ name: 'Table 3' }, 'lower-case words'],
	])('is refused with %j', async (changes, message) => {
		await expect(load(changes)).rejects.toThrow(message)
	})

	it('has to exist', async () => {
		await expect(loadExperiment('table9')).rejects.toThrow('choose one of table1, table2')
		await expect(loadExperiment(join(folder, 'none.json'))).rejects.toThrow('does not exist')
	})
})

const examples = new URL('../../experiments/examples/', import.meta.url)

describe('a short definition', () => {
	it('is ten lines at most for a first experiment', async () => {
		const path = new URL('first.json', examples).pathname
		expect((await readFile(path, 'utf8')).trim().split('\n').length).toBeLessThanOrEqual(10)
		expect(await loadExperiment(path)).toEqual({
			name: 'first',
			version: 1,
			title: 'first',
			doc: '',
			layout: 'table',
			models: ['nano'],
			datasets: ['cifar10-mini'],
			preset: 'fair',
			tuning: { epochs: 2, shots: 20 },
			epsilon: '3/255',
			images: { default: 60 },
			methods: {
				vanilla: { title: 'Vanilla CLIP', tuning: {} },
				coop: { title: 'CoOp', tuning: {} },
				nap: { title: 'NAP', tuning: {} },
			},
			conditions: [
				{ name: 'clean', title: 'Clean', cleanOf: 'pgd-20', options: {}, madeOn: 'model' },
				{ name: 'pgd-20', title: 'PGD-20', attack: 'pgd-20', options: {}, madeOn: 'model' },
			],
			seeds: [1],
			evaluationSeed: 1,
			shown: [],
		})
	})

	it('varies a setting by its name', async () => {
		const { layout, axis } = await loadExperiment(new URL('refiner-depth.json', examples).pathname)
		expect([layout, axis]).toEqual([
			'curve',
			{
				name: 'refiner-depth',
				title: 'defense.options.refinerDepth',
				scale: 'linear',
				methods: ['nap'],
				points: [0, 1, 2].map((value) => ({ value, tuning: { defense: { options: { refinerDepth: value } } } })),
			},
		])
	})

	it('takes settings by dotted names, and is the same written in full', () => {
		const short = experimentOf({
			name: 'own',
			epsilon: '1/255',
			methods: { nap: {}, shallow: { defense: 'nap', tuning: { 'defense.options.promptDepth': 3, epochs: 5 } } },
			conditions: ['clean', { attack: 'pgd-5', epsilon: '2/255' }, 'autoattack'],
		})
		expect(short.methods.shallow).toEqual({
			title: 'shallow',
			defense: 'nap',
			tuning: { defense: { options: { promptDepth: 3 } }, epochs: 5 },
		})
		expect(short.conditions.map(({ name, title, cleanOf }) => [name, title, cleanOf])).toEqual([
			['clean', 'Clean', 'pgd-5'],
			['pgd-5', 'PGD-5', undefined],
			['autoattack', 'AutoAttack', undefined],
		])
		expect(experimentOf(short)).toEqual(short)
	})

	it('has the titles of the paper where it gives none', async () => {
		const { methods } = await loadExperiment('table1')
		const titles = Object.fromEntries(Object.entries(methods).map(([name, { title }]) => [name, title]))
		const short = experimentOf({ name: 'own', epsilon: '1/255', methods: Object.keys(methods), conditions: ['pgd-5'] })
		expect(Object.fromEntries(Object.entries(short.methods).map(([name, { title }]) => [name, title]))).toEqual(titles)
	})
})

describe('a comparison under a preset', () => {
	it('is of all methods under its evaluation, as experiment fair is under preset fair', async () => {
		const { title: _, doc: __, ...made } = experimentOfPreset(await loadPreset('fair'))
		const { title: ___, doc: ____, ...own } = await loadExperiment('fair')
		expect(made).toEqual(own)
	})

	it('needs a preset that says how to evaluate', async () => {
		const { evaluation: _, ...preset } = await loadPreset('fair')
		expect(() => experimentOfPreset(preset)).toThrow('has no evaluation settings')
	})
})

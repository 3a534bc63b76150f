import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Norm } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { goldenJson, photographs } from './autoattack-golden.test.support.js'
import { type Fate, fates, goldenClassifier } from './fates.test.support.js'

interface OfficialRun {
	readonly fates: readonly Fate[]
	/** By stage, in order. */
	readonly seconds: Readonly<Record<string, number>>
}

interface Official {
	readonly ids: readonly string[]
	readonly cases: Readonly<
		Record<
			Norm,
			{
				readonly epsilon: number
				readonly standard: readonly OfficialRun[]
				readonly alone: Readonly<Record<'fab-t' | 'square', OfficialRun>>
			}
		>
	>
}

interface Recorded {
	readonly results: Readonly<
		Record<
			Norm,
			{ readonly standard: { fates: readonly Fate[] }; readonly alone: Readonly<Record<string, { fates: Fate[] }>> }
		>
	>
}

/** Positions of the first images of every fate, so many of each. */
function chosen(list: readonly Fate[], counts: Readonly<Record<Fate, number>>): number[] {
	return Object.entries(counts).flatMap(([fate, count]) =>
		list.flatMap((own, at) => (own === fate ? [at] : [])).slice(0, count),
	)
}

/** Images that are still right after each of the stages. */
function rightAfter(list: readonly Fate[], stages: readonly string[]): number[] {
	return ['clean', ...stages].map((_, at) => {
		const fallen = ['clean', ...stages].slice(0, at + 1)
		return list.filter((fate) => !fallen.includes(fate)).length
	})
}

describe('AutoAttack beside the official code', () => {
	let engine: ModelEngine
	let classifier: Classifier
	let official: Official
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		classifier = await goldenClassifier(engine)
		official = await goldenJson('official.json')
	})
	afterAll(() => engine.close())

	async function compared(attack: string, norm: Norm, run: OfficialRun, counts: Readonly<Record<Fate, number>>) {
		const positions = chosen(run.fates, counts)
		const batch = await photographs(positions.map((at) => official.ids[at]!))
		const own = await fates(classifier, batch, attack, { norm, epsilon: official.cases[norm].epsilon }, 0, 50)
		const expected = positions.map((at) => run.fates[at]!)
		expect(expected).toHaveLength(Object.values(counts).reduce((sum, count) => sum + count, 0))
		return {
			otherFates: own.filter((fate, at) => fate !== expected[at]).length,
			otherFlags: own.filter((fate, at) => (fate === 'robust') !== (expected[at] === 'robust')).length,
		}
	}

	it.each([
		{ norm: 'linf', counts: { clean: 3, 'apgd-ce': 8, 'apgd-t': 8, robust: 5 } },
		{ norm: 'l2', counts: { clean: 3, 'apgd-ce': 5, 'apgd-t': 5, robust: 3 } },
	] as const)('fools the same images in the same stages, in $norm', async ({ norm, counts }) => {
		const { otherFates, otherFlags } = await compared('autoattack', norm, official.cases[norm].standard[0]!, counts)
		expect(otherFlags).toBeLessThanOrEqual(1)
		expect(otherFates).toBeLessThanOrEqual(2)
	})

	it.each([
		{ attack: 'fab-t', norm: 'linf', counts: { 'fab-t': 8, robust: 1 } },
		{ attack: 'fab-t', norm: 'l2', counts: { 'fab-t': 8, robust: 1 } },
		{ attack: 'square', norm: 'linf', counts: { square: 8, robust: 2 } },
		{ attack: 'square', norm: 'l2', counts: { square: 8, robust: 2 } },
	] as const)('fools the same images by $attack alone, in $norm', async ({ attack, norm, counts }) => {
		const { otherFlags } = await compared(attack, norm, official.cases[norm].alone[attack], counts)
		expect(otherFlags).toBeLessThanOrEqual(1)
	})

	it.each(['linf', 'l2'] as const)('has kept within 1 point after every stage on 500 images, in %s', async (norm) => {
		const path = new URL('../../../results/autoattack-parity.json', import.meta.url)
		const { results } = JSON.parse(await readFile(path, 'utf8')) as Recorded
		const { standard, alone } = official.cases[norm]
		const runs = [
			[results[norm].standard, standard[0]!] as const,
			...Object.entries(alone).map(([attack, run]) => [results[norm].alone[attack]!, run] as const),
		]
		for (const [own, run] of runs) {
			expect(own.fates).toHaveLength(500)
			const stages = Object.keys(run.seconds)
			const expected = rightAfter(run.fates, stages)
			for (const [at, count] of rightAfter(own.fates, stages).entries()) {
				expect(Math.abs(count - expected[at]!), `after ${['clean', ...stages][at]}`).toBeLessThanOrEqual(5)
			}
		}
	})
})

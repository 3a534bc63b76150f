import { describe, expect, it } from 'vitest'
import { prepareAttack } from '../../attacks/registry.js'
import { summarize } from '../../evaluation/evaluate.js'
import type { EvaluationRecord } from '../../evaluation/recorded-evaluation.js'
import { resultOfRecords } from './records-result.js'

/** A record of so many images, of which so many are right clean and under attack. */
function record(defense: string, attack: string, [images, clean, robust]: [number, number, number], changes = {}) {
	const { name, attack: registered, source, options } = prepareAttack(attack)
	const outcomes = Array.from({ length: images }, (_, at) => ({
		id: `${at}.png`,
		label: 0,
		cleanPrediction: at < clean ? 0 : 1,
		adversarialPrediction: at < robust ? 0 : 1,
		attacked: at < clean,
	}))
	return {
		defense: { name: defense, options: {}, parameters: '', trainableParameters: 0 },
		attack: { name, attack: registered, source, options },
		threatModel: { norm: 'linf', epsilon: 1 / 255 },
		knowledge: 'full',
		seed: 1,
		model: { source: '/models/nano', sha256: 'abc' },
		dataset: { name: 'photos', split: 'test', images, ids: `ids ${images}`, classNames: ['a', 'b'] },
		versions: { naptune: '1', engine: 'e', device: 'cpu' },
		seconds: 2,
		threads: 1,
		outcomes,
		...summarize(outcomes),
		...changes,
	} as unknown as EvaluationRecord
}

const placed = (...records: EvaluationRecord[]) =>
	records.map((one, at) => ({ path: `evaluations/${at}.json`, record: one }))
const frame = { name: 'run', title: 'A run', run: { seed: 4, seconds: 60 } }

describe('resultOfRecords', () => {
	it('has a column per model, vanilla first, clean images first and attacks of several stages last', () => {
		const result = resultOfRecords(
			placed(
				record('nap', 'autoattack', [10, 8, 3]),
				record('nap', 'pgd-20', [10, 8, 5]),
				record('vanilla', 'pgd-20', [10, 9, 1]),
			),
			frame,
		)
		expect(result.methods.map(({ name }) => name)).toEqual(['vanilla', 'nap'])
		expect(result.conditions.map(({ title }) => title)).toEqual([
			'Clean',
			'pgd-20 at L-infinity 1/255',
			'autoattack at L-infinity 1/255',
		])
		const shares = result.cells.map(({ method, condition, accuracy }) => [
			method,
			result.conditions.find(({ name }) => name === condition)!.title.split(' ')[0],
			accuracy,
		])
		expect(shares).toEqual([
			['nap', 'Clean', 0.8],
			['nap', 'autoattack', 0.3],
			['nap', 'pgd-20', 0.5],
			['vanilla', 'Clean', 0.9],
			['vanilla', 'pgd-20', 0.1],
		])
		expect(result.cells.map((cell) => cell.seeds[0]!.run)).toEqual(['.', '.', '.', undefined, undefined])
		// Of tuning; the attack's own stands in the protocol.
		expect([result.seeds, result.cells[0]!.seeds[0]!.seed]).toEqual([[4], 4])
		expect(result.provenance.seconds).toBe(66)
	})

	it('keeps apart what was measured on other images, with other options or knowledge', () => {
		const usual = record('nap', 'pgd-20', [10, 8, 5])
		const steps = { ...usual.attack, options: { ...usual.attack.options, steps: 3 } }
		const { conditions } = resultOfRecords(
			placed(
				usual,
				record('nap', 'pgd-20', [4, 3, 2]),
				{ ...usual, attack: steps },
				{ ...usual, knowledge: 'transfer' },
			),
			frame,
		)
		expect(conditions.map(({ title }) => title)).toEqual([
			'Clean (10 test images)',
			'Clean (4 test images)',
			'pgd-20 at L-infinity 1/255 (10 test images)',
			'pgd-20 at L-infinity 1/255 (4 test images)',
			'pgd-20 (steps 3) at L-infinity 1/255 (10 test images)',
			'pgd-20 at L-infinity 1/255, knowledge transfer (10 test images)',
		])
		expect(new Set(conditions.map(({ name }) => name)).size).toBe(6)
	})
})

import { describe, expect, it } from 'vitest'
import { prepareAttack } from '../../attacks/registry.js'
import { defined } from '../../core/defined.js'
import { summarize } from '../../evaluation/robustness/evaluate.js'
import type { EvaluationRecord } from '../../evaluation/robustness/recorded-evaluation.js'
import { resultOfRecords } from './records-result.js'
import { readableOptions } from './sections/attack-settings.js'
import { settingLine } from './sections/setting-text.js'

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

	it('names the models that images were made on, not all that is known of them', () => {
		const cwa = record('nap', 'mi-cwa', [10, 8, 5])
		const models = ['a.onnx', 'b.onnx'].map((name) => ({ name, sha256: 'f'.repeat(64), reads: { input: {} } }))
		const options = {
			...cwa.attack.options,
			surrogates: models,
			made: { seed: 1, models, manifest: 'abc0'.repeat(16) },
		}
		const { conditions } = resultOfRecords(
			placed({ ...cwa, attack: { ...cwa.attack, options }, knowledge: 'transfer' }),
			frame,
		)
		expect(conditions[1]!.title).toBe('mi-cwa (images made on a.onnx, b.onnx) at L-infinity 1/255')
		expect(settingLine(readableOptions(options))).toContain(
			'made on a.onnx (SHA-256 ffffffffffff…), b.onnx (SHA-256 ffffffffffff…), made with seed 1, SHA-256 of their manifest abc0',
		)
		expect(settingLine(readableOptions(options))).not.toContain('surrogates')
	})

	it('makes a curve of an attack of several sizes, and compares attacks at the size of most', () => {
		const at = (attack: string, levels: number) =>
			record('nap', attack, [10, 8, 5], { threatModel: { norm: 'linf', epsilon: levels / 255 } })
		const sizes = [1, 2, 3, 4].map((levels) => at('pgd-20', levels))
		const roles = (records: EvaluationRecord[], epsilon?: number) =>
			resultOfRecords(placed(...records), {
				...frame,
				run: { ...frame.run, ...defined({ epsilon: epsilon || undefined }) },
			}).conditions.map(({ title, role }) => `${title.replace(' at L-infinity', '')} ${role}`)
		expect(roles([...sizes, at('autoattack', 3)])).toEqual([
			'Clean table',
			'pgd-20 1/255 epsilon-curve',
			'pgd-20 2/255 epsilon-curve',
			'pgd-20 3/255 table',
			'pgd-20 4/255 epsilon-curve',
			'autoattack 3/255 table',
		])
		// Nothing but the curve: what the run was tuned for is compared.
		expect(roles(sizes, 2 / 255)[2]).toBe('pgd-20 2/255 table')
		expect(roles(sizes.slice(0, 2)).join()).not.toContain('curve')
		const other = { ...at('pgd-20', 3), knowledge: 'transfer' } as EvaluationRecord
		expect(roles([...sizes, other]).join()).not.toContain('curve')
	})

	it('keeps models of one name apart where their options are not the same', () => {
		const usual = record('vanilla', 'pgd-20', [10, 8, 5])
		const prompts = record('vanilla', 'pgd-20', [10, 9, 1], {
			defense: { ...usual.defense, options: { templates: ['a {}'] } },
		})
		const { methods, cells } = resultOfRecords(
			placed(prompts, usual, record('vanilla', 'autoattack', [10, 8, 2])),
			frame,
		)
		expect(methods.map(({ name }) => name)).toEqual([
			'vanilla',
			expect.stringMatching(/^vanilla \[other options or parameters \w+\]$/),
		])
		expect(cells.map(({ accuracy }) => accuracy)).toEqual([0.9, 0.1, 0.8, 0.5, 0.2])
		expect(cells.every(({ seeds }) => seeds[0]!.run === undefined)).toBe(true)
	})
})

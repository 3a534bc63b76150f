import { describe, expect, it } from 'vitest'
import type { AttackOutcome } from '../attacks/run/attack-outcomes.js'
import { embeddedModel } from '../checkpoints/checkpoint.js'
import { loadClip } from '../checkpoints/load-clip.js'
import { loadDataset } from '../data/registry.js'
import { evaluationRecord } from '../evaluation/robustness/evaluation-record.test.support.js'
import { loadPreset } from '../methods/tuning/presets.js'
import { attackKey, type MeasuredCell } from './attacked-cell.js'
import { collectResult } from './collect.js'
import { loadExperiment } from './definition.js'
import { type Plan, planExperiment } from './plan.js'
import type { CellResults } from './run-cells.js'

const models = [{ name: 'nano', clip: await loadClip(embeddedModel) }]
const datasets = [await loadDataset('cifar10-mini')]
const definition = await loadExperiment('table2', { quick: true })
const plan = planExperiment({ definition, preset: await loadPreset(definition.preset), models, datasets })

/** R robust, C right when clean only, W wrong. */
function outcomes(pattern: string): AttackOutcome[] {
	return [...pattern].map((kind, index) => ({
		id: `image/${index}`,
		label: 1,
		cleanPrediction: kind === 'W' ? 0 : 1,
		adversarialPrediction: kind === 'R' ? 1 : 0,
		attacked: kind !== 'W',
	}))
}

/** What every attack on a method with a seed came to: a second each, and ten for tuning. */
const patterns: Readonly<Record<string, readonly string[]>> = {
	vanilla: ['CCCCW'],
	fap: ['RRCCC', 'RRCCC', 'RRCCC'],
	'advpt-v': ['RCCCW', 'RCCCW', 'RCCCW'],
	nap: ['RRRRC', 'RRRCC', 'RRCCC'],
}

function measuredOf({ cells }: Plan): Map<string, MeasuredCell> {
	return new Map(
		cells.flatMap(({ cell, attacks }) =>
			attacks.map((attack): [string, MeasuredCell] => [
				attackKey(cell, attack),
				{
					record: evaluationRecord(cell.method, outcomes(patterns[cell.method]![cell.seed - 1]!)),
					path: `${cell.folder}/evaluations/${attack.condition}.json`,
					tuningSeconds: cell.tuning ? 10 : 0,
				},
			]),
		),
	)
}

function collect(measured: CellResults['measured'], problems: CellResults['problems'] = new Map()) {
	const engine = { version: 'x', device: 'cpu', threads: 1 } as const
	return collectResult({
		plan,
		results: { measured, problems, kept: new Set() },
		problems: [],
		quick: true,
		missing: [],
		engine,
	})
}

describe('the result of an experiment', () => {
	it('has means and deviations over seeds, and pairs seed by seed on the same images', () => {
		const { cells, averages } = collect(measuredOf(plan))
		expect(cells).toHaveLength(4 * 5)
		const found = (method: string) => cells.find((cell) => cell.method === method && cell.condition === 'pgd')!
		expect(found('nap')).toMatchObject({ images: 5, accuracy: expect.closeTo(0.6, 12) })
		expect(found('nap').deviation).toBeCloseTo(0.2, 12)
		// The first seeds: FAP gets two of NAP's four right, and none else.
		expect(found('fap').paired).toMatchObject({ reference: 'nap', onlyThis: 0, onlyReference: 2, p: 0.5 })
		expect(found('fap').paired!.difference).toBeCloseTo(0.4 - 0.6, 12)
		expect(averages).toEqual([])
	})

	it('leaves out means over fewer seeds than the others have, and says why', () => {
		const measured = measuredOf(plan)
		const { cell, attacks } = plan.cells.find((planned) => planned.cell.method === 'nap' && planned.cell.seed === 2)!
		const key = attackKey(cell, attacks.find(({ condition }) => condition === 'autoattack')!)
		measured.delete(key)
		const { cells, problems } = collect(measured, new Map([[key, 'It broke.']]))
		expect(cells).toHaveLength(4 * 5 - 1)
		const place = { model: 'nano', dataset: 'cifar10-mini', method: 'nap', seed: 2 }
		expect(problems).toEqual([{ ...place, condition: 'autoattack', message: 'It broke.' }])
	})

	it('has the time of its own cells, not of what another experiment measured on the same models', () => {
		const measured = measuredOf(plan)
		const [[, one]] = [...measured] as [[string, MeasuredCell]]
		measured.set('another', { ...one, path: one.path.replace(/[^/]+$/, 'other.json') })
		expect(collect(measured).provenance.seconds).toBe(4 * 10 + 9 * 10)
	})
})

import { describe, expect, it } from 'vitest'
import { crossEntropyObjective, targetedCrossEntropyObjective } from '../../../classifier/objectives/objective.js'
import { NaptuneError } from '../../../core/errors.js'
import { pgd } from './pgd.js'
import { type PgdOptions, pgdSchema } from './pgd-options.js'

describe('options of PGD', () => {
	it('are those of evaluation by default', () => {
		const expected = {
			steps: 100,
			start: 'uniform',
			restarts: 1,
			targeted: false,
			keep: 'last',
			relativeStepSize: 0.25,
		}
		expect(pgdSchema.parse({})).toEqual({ ...expected, objective: crossEntropyObjective })
	})

	it('take a step in either unit, and the objective of the target', () => {
		expect(pgdSchema.parse({ stepSize: 0.01 })).not.toHaveProperty('relativeStepSize')
		expect(pgdSchema.parse({ relativeStepSize: 1 }).relativeStepSize).toBe(1)
		expect(pgdSchema.parse({ targeted: true }).objective).toBe(targetedCrossEntropyObjective)
	})

	it.each<[string, PgdOptions, RegExp]>([
		['two step sizes', { stepSize: 0.1, relativeStepSize: 0.1 }, /not both/],
		['restarts that would all be the same', { start: 'zero', restarts: 2 }, /restarts/],
		['no steps', { steps: 0 }, /steps/],
		['half a step', { steps: 1.5 }, /steps/],
		['a step backwards', { stepSize: -0.1 }, /stepSize/],
		['an unknown option', { step: 3 } as PgdOptions, /step/],
		['an objective that builds nothing', { objective: {} as never }, /objective/],
		['an unknown start', { start: 'random' as 'zero' }, /start/],
	])('refuse %s', (_, options, message) => {
		expect(() => pgd.prepare(options)).toThrow(NaptuneError)
		expect(() => pgd.prepare(options)).toThrow(message)
	})
})

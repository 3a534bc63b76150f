import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine } from '../../runtime/index.js'
import type { Cases } from './cases/case.test.support.js'
import { elementwiseCases } from './cases/elementwise-cases.test.support.js'
import { indexCases } from './cases/index-cases.test.support.js'
import { poolingCases } from './cases/pooling-cases.test.support.js'
import { productCases } from './cases/product-cases.test.support.js'
import { reductionCases } from './cases/reduction-cases.test.support.js'
import { shapeCases } from './cases/shape-cases.test.support.js'
import { checkGradients } from './gradient-check.test.support.js'
import { operators } from './index.js'

const cases: Cases = {
	...elementwiseCases,
	...shapeCases,
	...indexCases,
	...reductionCases,
	...productCases,
	...poolingCases,
}
/** Random trials of each case share a program, since making one takes longer than running it. */
const trialsAtOnce = 10

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

describe('the registry', () => {
	it('has a case in the tables for every operator, and no case for any other', () => {
		expect(Object.keys(cases).sort()).toEqual([...operators.keys()].sort())
	})

	it.each([...operators.values()])(
		'$name has a documentation line, and a gradient rule or none on purpose',
		(operator) => {
			expect(operator.doc).toMatch(/\S.*\.$/)
			expect(operator.gradient === 'none' || typeof operator.gradient === 'function').toBe(true)
		},
	)
})

describe.each([...operators.keys()])('%s against central differences', (name) => {
	it.each(cases[name] ?? [])('$title', async ({ trials, precision }) => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(trials, { minLength: 1, maxLength: trialsAtOnce, size: 'max' }),
				fc.integer(),
				(some, seed) => checkGradients((outputs) => engine.compile(outputs, { name }), some, precision, seed),
			),
			{ numRuns: 3, seed: 20240521 },
		)
	})
})

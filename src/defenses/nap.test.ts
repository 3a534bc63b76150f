import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectGolden, fixture, type GoldenBench, openGoldenBench, settings } from './golden.test.support.js'
import { prepareDefense } from './registry.js'

const variants = settings('nap-golden/variants.json')

describe('NAP', () => {
	let bench: GoldenBench
	beforeAll(async () => {
		bench = await openGoldenBench()
	})
	afterAll(() => bench.engine.close())

	it.each(Object.keys(variants))('is what PyTorch computes: %s', async (name) => {
		// The fixture's names of options, in ours.
		const { depth, ...options } = variants[name]!
		const defense = prepareDefense('nap', bench.clip, ['cat', 'dog'], { ...options, promptDepth: depth })
		await expectGolden(bench, defense, fixture(`nap-golden/${name}.safetensors`))
	})

	it('records as many visual contexts as there are', () => {
		const visualContexts = (coupling: string) =>
			prepareDefense('nap', bench.clip, ['cat', 'dog'], { coupling, textPrompts: 3, visualPrompts: 5 }).config
		expect(visualContexts('joint')).toMatchObject({ textPrompts: 3, visualPrompts: 3 })
		expect(visualContexts('independent')).toMatchObject({ textPrompts: 3, visualPrompts: 5 })
	})

	it('refuses unknown options by name', () => {
		expect(() => prepareDefense('nap', bench.clip, ['cat', 'dog'], { promptDept: 3 })).toThrow(/promptDept/)
	})
})

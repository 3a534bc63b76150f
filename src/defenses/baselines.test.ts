import { afterAll, beforeAll, describe, it } from 'vitest'
import { expectGolden, fixture, type GoldenBench, openGoldenBench, settings } from './golden.test.support.js'
import { prepareDefense } from './registry.js'

const baselines = settings('baselines-golden/baselines.json')

/** The fixture's names of options, in those of each method. */
function options({ method, prompts, depth }: Record<string, unknown>): Record<string, unknown> {
	if (method === 'coop') return { textPrompts: prompts }
	if (method === 'advpt-v') return { visualPrompts: prompts, promptDepth: depth }
	return { prompts, promptDepth: depth, contextInit: 'normal' }
}

describe('a baseline', () => {
	let bench: GoldenBench
	beforeAll(async () => {
		bench = await openGoldenBench()
	})
	afterAll(() => bench.engine.close())

	it.each(Object.keys(baselines))('is what PyTorch computes: %s', async (name) => {
		const baseline = baselines[name]!
		const defense = prepareDefense(baseline.method as string, bench.clip, ['cat', 'dog'], options(baseline))
		await expectGolden(bench, defense, fixture(`baselines-golden/${name}.safetensors`))
	})

	it.each(['advpt', 'advpt-e2e'])('%s computes what coop does', async (name) => {
		const defense = prepareDefense(name, bench.clip, ['cat', 'dog'], { textPrompts: 3 })
		await expectGolden(bench, defense, fixture('baselines-golden/coop.safetensors'))
	})
})

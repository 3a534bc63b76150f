import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doublesOf, relativeError } from '../../files/golden.test.support.js'
import { readJsonFile } from '../../files/json-file.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { adamWStep, createAdamWState } from '../../training/adamw.js'
import { createOptimizerState, optimizers } from '../../training/optimizers.js'
import { fixture, goldenDefense, stepGradients, storedParameters } from './step.test.support.js'

/** Cuts of a batch of `images` and five classes: whole, ragged, and one by one. */
const cuts = (images: number) => [
	{ microBatch: images, chunk: 5 },
	{ microBatch: 2, chunk: 2 },
	{ microBatch: 1, chunk: 1 },
]

describe('tuning steps against the PyTorch re-computation in float64', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	it.each(cuts(3))('NAP: micro-batches of $microBatch, chunks of $chunk classes', async (cut) => {
		const variants = (await readJsonFile(fixture('nap-golden/variants.json'))) as Record<string, object>
		const { depth, ...options } = variants['independent-depth-2'] as Record<string, unknown>
		const bound = await goldenDefense('nap', { ...options, promptDepth: depth })
		const golden = await doublesOf(fixture('tuning-golden/step.safetensors'))
		const inputs = await doublesOf(fixture('nap-golden/inputs.safetensors'))
		const stored = await doublesOf(fixture('nap-golden/independent-depth-2.safetensors'))
		const parameters = storedParameters(bound.defense, stored)
		const batch = {
			clean: inputs.get('pixels')!,
			adversarial: golden.get('adversarial')!,
			labels: inputs.get('labels')!,
		}
		const alpha = golden.get('alpha')![0]!
		const step = await stepGradients(engine, bound, 'clean-plus-adversarial', parameters, batch, alpha, cut)

		// float32 through seven blocks at a logit scale of 14: a few hundred roundings of 6e-8.
		expect(step.clean).toBeCloseTo(golden.get('clean_loss')![0]!, 4)
		expect(step.adversarial).toBeCloseTo(golden.get('adversarial_loss')![0]!, 4)
		expect(Object.keys(step.gradients).sort()).toEqual([...bound.defense.parameters.keys()].sort())
		for (const [name, { data }] of Object.entries(step.gradients)) {
			expect(relativeError(data, golden.get(`gradient.${name}`)!), name).toBeLessThan(1e-4)
		}

		const learningRate = golden.get('learning_rate')![0]!
		const adamW = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 5e-4, learningRate } as const
		adamWStep(parameters, step.gradients, createAdamWState(parameters), adamW)
		for (const [name, { data }] of Object.entries(parameters)) {
			const after = golden.get(`after.${name}`)!
			for (const [index, value] of data.entries()) {
				// The first step is learning rate times g / (|g| + 1e-8), which the error of a gradient above 6e-5 moves by
				// less than 2e-4 of a learning rate; then the value is rounded.
				const tolerance = 2 ** -23 * Math.abs(after[index]!) + 1e-3 * learningRate
				expect(Math.abs(value - after[index]!), `${name}[${index}]`).toBeLessThan(tolerance)
			}
		}
	})

	const methods = [
		{ method: 'coop', loss: 'clean', options: { textPrompts: 3 } },
		{ method: 'advpt-v', loss: 'half-and-half', options: { visualPrompts: 2, promptDepth: 2 } },
		{ method: 'advpt-vlj', loss: 'half-and-half', options: { prompts: 2, promptDepth: 2, contextInit: 'normal' } },
		{ method: 'fap', loss: 'fap', options: { prompts: 2, promptDepth: 2, contextInit: 'normal' } },
	]
	const cases = methods.flatMap((method) => cuts(4).map((cut) => ({ ...method, ...cut })))

	it.each(cases)('$method: two SGD steps, micro-batches of $microBatch', async ({ method, loss, options, ...cut }) => {
		const bound = await goldenDefense(method, options)
		const golden = await doublesOf(fixture(`tuning-golden/step-${method}.safetensors`))
		const parameters = storedParameters(bound.defense, golden)
		const batch = {
			clean: golden.get('pixels')!,
			adversarial: golden.get('adversarial')!,
			labels: golden.get('labels')!,
			adversarialHalf: [false, false, true, true],
		}
		const state = createOptimizerState('sgd', parameters)
		const sgd = { momentum: 0.9, nesterov: false, weightDecay: 5e-4, learningRate: 0.0035 }
		for (const index of [0, 1]) {
			const step = await stepGradients(engine, bound, loss, parameters, batch, 1.5, cut)
			expect(step.clean).toBeCloseTo(golden.get(`${index}.clean_loss`)![0]!, 4)
			if (loss !== 'clean') expect(step.adversarial).toBeCloseTo(golden.get(`${index}.adversarial_loss`)![0]!, 4)
			expect(Object.keys(step.gradients).sort()).toEqual([...bound.defense.parameters.keys()].sort())
			for (const [name, { data }] of Object.entries(step.gradients)) {
				expect(relativeError(data, golden.get(`${index}.gradient.${name}`)!), name).toBeLessThan(1e-4)
			}
			optimizers.sgd.update(parameters, step.gradients, state, sgd)
			for (const [name, { data }] of Object.entries(parameters)) {
				const after = golden.get(`${index}.after.${name}`)!
				const size = Math.hypot(...golden.get(`${index}.gradient.${name}`)!)
				for (const [at, value] of data.entries()) {
					// A rounding of the value per step, and a rate times the error of at most two steps' gradients.
					const tolerance = 2 ** -23 * (1 + Math.abs(after[at]!)) + 3 * 0.0035 * 1e-4 * size
					expect(Math.abs(value - after[at]!), `${name}[${at}]`).toBeLessThan(tolerance)
				}
			}
		}
		expect(state.step).toBe(2)
	})
})

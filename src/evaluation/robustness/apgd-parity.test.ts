import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApgdIterate, apgdRun } from '../../attacks/algorithms/apgd/apgd-core.js'
import type { Pixels } from '../../attacks/algorithms/apgd/apgd-moves.js'
import { perturbationSet } from '../../attacks/sets/registry.js'
import type { Norm } from '../../attacks/sets/threat-model.js'
import { dlrObjective, targetedDlrObjective } from '../../classifier/objectives/dlr-objectives.js'
import { crossEntropyObjective, type Objective } from '../../classifier/objectives/objective.js'
import { int64, type Tensor } from '../../core/tensor.js'
import { grad, ops } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { inPrecision, type PatchNetworkWeights, patchNetworkLogits } from '../distortion/patch-network.test.support.js'
import { goldenJson, goldenTensors, photographs } from './autoattack-golden.test.support.js'

type Precision = 'float32' | 'float64'

interface Settings {
	readonly steps: number
	readonly epsilons: Readonly<Record<Precision, Readonly<Record<Norm, number>>>>
	readonly heads: Readonly<Record<Precision, number>>
}

const objectives: readonly Objective[] = [crossEntropyObjective, dlrObjective, targetedDlrObjective]
const cases = (['linf', 'l2'] as const).flatMap((norm) => objectives.map((objective) => ({ norm, objective })))

describe('APGD from the clean image, beside the official code', () => {
	let engine: ModelEngine
	let settings: Settings
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		settings = await goldenJson('apgd.json')
	})
	afterAll(() => engine.close())

	/** Loss, gradient and what is right of images [B · 3 S S] of one precision, under an objective on the network. */
	async function evaluator(
		type: Precision,
		weights: PatchNetworkWeights,
		objective: Objective,
		{ size, labels, targets }: { size: number; labels: readonly number[]; targets: readonly number[] },
	) {
		const pixels = ops.input('pixels', type, ['B', 3, size, size])
		const logits = patchNetworkLogits(pixels, weights, settings.heads[type])
		const side = Object.fromEntries(Object.keys(objective.side).map((name) => [name, ops.input(name, 'int64', ['B'])]))
		const loss = objective.build({ logits }, side)
		const [gradient] = grad(loss, [pixels])
		const program = await engine.compile({ logits, loss, gradient: gradient! })
		const count = labels.length
		const given: Record<string, Tensor> = { labels: int64([count], labels), targets: int64([count], targets) }
		const fed = Object.fromEntries(Object.keys(side).map((name) => [name, given[name]!]))
		return async (images: ArrayLike<number>) => {
			const outputs = await program.run({
				pixels: inPrecision(type, { shape: [count, 3, size, size], data: images }),
				...fed,
			})
			const classes = outputs.logits!.shape[1]!
			const right = labels.map((label, row) => {
				const own = [...(outputs.logits!.data as Pixels).subarray(row * classes, (row + 1) * classes)]
				return own.indexOf(Math.max(...own)) === label
			})
			return { loss: outputs.loss!.data as Pixels, gradient: outputs.gradient!.data, right }
		}
	}

	it.each(cases)('takes the same iterates in float64, each to 1e-9: $objective.name, $norm', async (one) => {
		const { norm, objective } = one
		const given = await goldenTensors('apgd-float64.safetensors')
		const golden = await goldenTensors('apgd-float64.safetensors', `${norm}.${objective.name}.`)
		const expected = (name: string) => golden.get(name)!.data as Float64Array
		const labels = Array.from(given.get('labels')!.data)
		const clean = Float64Array.from(given.get('pixels')!.data)
		const weights = await goldenTensors('apgd-float64.safetensors', 'weight.')
		const targets = Array.from(expected('target'))
		const evaluate = await evaluator('float64', weights, objective, { size: 8, labels, targets })

		const seen: Pick<ApgdIterate<Float64Array>, 'images' | 'loss'>[] = []
		const outcome = await apgdRun<Float64Array>({
			norm,
			epsilon: settings.epsilons.float64[norm],
			steps: settings.steps,
			clean,
			start: clean,
			count: labels.length,
			evaluate: async (images) => {
				const { gradient, ...rest } = await evaluate(images)
				return { ...rest, gradient: gradient as Float64Array }
			},
			onIterate: ({ images, loss }) => seen.push({ images: images.slice(), loss }),
		})
		expect(seen).toHaveLength(settings.steps + 1)
		expect(expected('iterates')).toHaveLength(settings.steps * clean.length)
		for (const [iteration, { images, loss }] of seen.entries()) {
			const losses = expected('loss').subarray(iteration * labels.length, (iteration + 1) * labels.length)
			expect(relativeDifference(loss, losses), `losses of iterate ${iteration}`).toBeLessThan(1e-9)
			const there = iteration === 0 ? clean : rows(expected('iterates'), iteration - 1, clean.length)
			expect(largestDifference(images, there), `iterate ${iteration}`).toBeLessThan(1e-9)
		}
		expect(outcome.fooled.map(Number)).toEqual(Array.from(expected('fooled')))
		expect(largestDifference(outcome.adversarial, expected('adversarial'))).toBeLessThan(1e-9)
		expect(largestDifference(outcome.best, expected('best'))).toBeLessThan(1e-9)
	})

	it.each(cases)(
		'has the same best losses in float32, to 1e-3 for 99 % of images: $objective.name, $norm',
		async (one) => {
			const { norm, objective } = one
			const golden = await goldenTensors('apgd-float32.safetensors', `${norm}.${objective.name}.`)
			const { ids } = await goldenJson<{ ids: string[] }>('apgd-float32.json')
			const { images: clean, labels } = await photographs(ids)
			const weights = await goldenTensors('network.safetensors')
			const targets = Array.from(golden.get('target')!.data)
			const evaluate = await evaluator('float32', weights, objective, { size: 32, labels, targets })

			const epsilon = settings.epsilons.float32[norm]
			const set = perturbationSet({ norm, epsilon }, clean)
			const best: Float64Array[] = []
			await apgdRun<Float32Array>({
				norm,
				epsilon,
				steps: settings.steps,
				clean: clean.data,
				start: clean.data,
				count: ids.length,
				evaluate: async (images) => {
					const { gradient, ...rest } = await evaluate(images)
					return { ...rest, gradient: gradient as Float32Array }
				},
				settle: (images) => set.project(images),
				onIterate: ({ bestLoss }) => best.push(bestLoss.slice()),
			})
			const expected = golden.get('best-loss')!.data as Float32Array
			const worst = ids.map((_, row) => {
				const errors = best.map((losses, iteration) => {
					const value = expected[iteration * ids.length + row]!
					// DLR losses pass through 0 on their way up.
					return Math.abs(losses[row]! - value) / Math.max(0.05, Math.abs(value))
				})
				return Math.max(...errors)
			})
			expect(worst.filter((error) => error <= 1e-3).length / ids.length).toBeGreaterThanOrEqual(0.99)
		},
	)
})

function rows(values: Float64Array, index: number, length: number): Float64Array {
	return values.subarray(index * length, (index + 1) * length)
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
	return Math.max(...Array.from(b, (value, index) => Math.abs(a[index]! - value)))
}

/** The largest difference, relative to what is above 1. */
function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
	return Math.max(...Array.from(b, (value, index) => Math.abs(a[index]! - value) / Math.max(1, Math.abs(value))))
}

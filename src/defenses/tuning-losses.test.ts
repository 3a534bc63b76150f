import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ElementType, float32, type Tensor, tensor } from '../core/tensor.js'
import { doublesOf, relativeError } from '../files/golden.test.support.js'
import { grad, ops } from '../onnx/index.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { tuningLosses } from './tuning-losses.js'

const path = fileURLToPath(new URL('../../fixtures/losses-golden/losses.safetensors', import.meta.url))
const names = ['clean_logits', 'adversarial_logits', 'clean_features', 'adversarial_features'] as const

describe('losses against the PyTorch re-computation', () => {
	let engine: ModelEngine
	let golden: ReadonlyMap<string, number[]>
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		golden = await doublesOf(path)
	})
	afterAll(() => engine.close())

	/** The loss per image of six images, and the gradients of its sum. */
	async function run(name: string, type: ElementType & ('float32' | 'float64')) {
		const shaped = (values: readonly number[], shape: readonly number[]): Tensor =>
			type === 'float32'
				? float32(shape, Float32Array.from(values))
				: tensor('float64', shape, Float64Array.from(values))
		const width = (input: string) => golden.get(input)!.length / 6
		const inputs = names.map((input) => ops.input(input, type, ['B', width(input)]))
		const [cleanLogits, adversarialLogits, cleanFeatures, adversarialFeatures] = inputs
		const loss = tuningLosses.get(name)!.build({
			clean: { logits: cleanLogits!, features: cleanFeatures! },
			adversarial: { logits: adversarialLogits!, features: adversarialFeatures! },
			labels: ops.input('labels', 'int64', ['B']),
			alpha: ops.input('alpha', type, []),
			// The model before tuning is a constant; here its features are those of the clean side.
			original: ops.input('original', type, ['B', width('clean_features')]),
			// Here the teacher says of clean images what the student does.
			teacher: { logits: cleanLogits!, features: cleanFeatures! },
			adversarialHalf: ops.input('adversarialHalf', type, ['B']),
		})
		const gradients = grad(loss, inputs)
		const program = await engine.compile({
			loss,
			...Object.fromEntries(names.map((input, at) => [`gradient.${input}`, gradients[at]!])),
		})
		const needed = new Set(program.inputs)
		const feeds: Record<string, Tensor> = {
			...Object.fromEntries(names.map((input) => [input, shaped(golden.get(input)!, [6, width(input)])])),
			original: shaped(golden.get('clean_features')!, [6, width('clean_features')]),
			labels: tensor('int64', [6], BigInt64Array.from(golden.get('labels')!, BigInt)),
			alpha: shaped(golden.get(`${name}.alpha`)!, []),
			adversarialHalf: shaped([0, 0, 0, 1, 1, 1], [6]),
		}
		const results = await program.run(Object.fromEntries(Object.entries(feeds).filter(([key]) => needed.has(key))))
		await program.release()
		return Object.fromEntries(Object.entries(results).map(([key, { data }]) => [key, data as Float64Array]))
	}

	it('takes pairwise sigmoids for the cross entropy where it is told to', async () => {
		const clean = ops.input('clean', 'float64', ['B', 3])
		const side = { logits: clean, features: clean }
		const loss = tuningLosses.get('clean')!.build({
			clean: side,
			adversarial: side,
			labels: ops.input('labels', 'int64', ['B']),
			alpha: clean,
			adversarialHalf: clean,
			classLoss: 'sigmoid',
		})
		const [gradient] = grad(loss, [clean])
		const program = await engine.compile({ loss, gradient: gradient! })
		// Far out, where exp overflows, and near.
		const rows = [
			[-9.5, 0.25, 3],
			[800, -800, 40],
		]
		const labels = [2, 1]
		const found = await program.run({
			clean: tensor('float64', [2, 3], Float64Array.from(rows.flat())),
			labels: tensor('int64', [2], BigInt64Array.from(labels, BigInt)),
		})
		await program.release()
		// -log sigmoid(z), without overflow.
		const softplus = (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)))
		const wanted = rows.map((row, image) =>
			row.reduce((sum, z, index) => sum + softplus(index === labels[image] ? -z : z), 0),
		)
		const slope = rows.flatMap((row, image) =>
			row.map((z, index) => 1 / (1 + Math.exp(-z)) - (index === labels[image] ? 1 : 0)),
		)
		expect(relativeError(found.loss!.data as Float64Array, wanted)).toBeLessThan(1e-12)
		expect(relativeError(found.gradient!.data as Float64Array, slope)).toBeLessThan(1e-12)
	})

	it('has values of every loss', () => {
		const known = [...golden.keys()].filter((key) => key.endsWith('.loss')).map((key) => key.slice(0, -'.loss'.length))
		expect([...tuningLosses.keys()].sort()).toEqual(known.sort())
	})

	it.each([
		...[...tuningLosses.keys()].map((name) => [name, 'float64', 1e-12] as const),
		// Differences of logits as large as 100 lose the last two digits of float32.
		// The margin term of mart takes a probability near 1 from 1.
		...[...tuningLosses.keys()].map((name) => [name, 'float32', name === 'mart' ? 1e-4 : 1e-5] as const),
	])('%s in %s, per image and with gradients to both sides', async (name, type, tolerance) => {
		const results = await run(name, type)
		for (const [key, data] of Object.entries(results)) {
			const expected = golden.get(`${name}.${key}`)!
			if (expected.every((value) => value === 0)) expect(new Set(data), key).toEqual(new Set([0]))
			else expect(relativeError(data, expected), key).toBeLessThan(tolerance)
		}
		if (type === 'float64') {
			// Each image by itself, so that none hides behind a larger one.
			results.loss!.forEach((value, image) => {
				const expected = golden.get(`${name}.loss`)![image]!
				expect(Math.abs(value - expected), `image ${image}`).toBeLessThan(1e-12 * (1 + Math.abs(expected)))
			})
		}
	})

	it('reads adversarial images exactly where it says so', async () => {
		for (const [name, { attacks }] of tuningLosses) {
			const found = await run(name, 'float64')
			const gradient = [...found['gradient.adversarial_logits']!, ...found['gradient.adversarial_features']!]
			expect(
				gradient.some((value) => value !== 0),
				name,
			).toBe(attacks)
		}
	})
})

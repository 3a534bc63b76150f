import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tensor } from '../../core/tensor.js'
import { doublesOf, relativeError } from '../../files/golden.test.support.js'
import { grad, ops } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { featureKl, klToClean } from './divergence-objectives.js'

const path = fileURLToPath(new URL('../../../fixtures/losses-golden/losses.safetensors', import.meta.url))

describe('divergence objectives', () => {
	let engine: ModelEngine
	let golden: ReadonlyMap<string, number[]>
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		golden = await doublesOf(path)
	})
	afterAll(() => engine.close())

	const cases = [
		{ name: 'kl-to-clean', make: klToClean, kind: 'logits', tap: 'logits', width: 5 },
		{ name: 'feature-kl', make: featureKl, kind: 'features', tap: 'imageFeatures', width: 8 },
	]

	/** Value and gradient to the adversarial side of six images. */
	async function run({ make, tap, width }: (typeof cases)[number], clean: number[], adversarial: number[]) {
		const tapped = ops.input('adversarial', 'float64', ['B', width])
		const value = make(width).objective.build({ [tap]: tapped }, { clean: ops.input('clean', 'float64', ['B', width]) })
		const program = await engine.compile({ value, gradient: grad(value, [tapped])[0]! })
		const feed = (values: number[]) => tensor('float64', [6, width], Float64Array.from(values))
		const { value: result, gradient } = await program.run({ clean: feed(clean), adversarial: feed(adversarial) })
		await program.release()
		return { value: result!.data as Float64Array, gradient: gradient!.data as Float64Array }
	}

	it.each(cases)('$name is KL(clean || adversarial) as PyTorch computes it', async (one) => {
		const { name, kind, make, tap, width } = one
		const { value, gradient } = await run(one, golden.get(`clean_${kind}`)!, golden.get(`adversarial_${kind}`)!)
		expect(relativeError(value, golden.get(`${name}.value`)!)).toBeLessThan(1e-12)
		expect(relativeError(gradient, golden.get(`${name}.gradient.adversarial_${kind}`)!)).toBeLessThan(1e-12)
		expect(make(width).objective.taps).toEqual([tap])
	})

	it.each(cases)('$name has no slope at the clean image, so an attack has to start elsewhere', async (one) => {
		const clean = golden.get(`clean_${one.kind}`)!
		const { value, gradient } = await run(one, clean, clean)
		for (const entry of [...value, ...gradient]) expect(Math.abs(entry)).toBeLessThan(1e-15)
	})
})

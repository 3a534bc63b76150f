import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decorate } from '../../../classifier/decorate.js'
import { createGraphClassifier } from '../../../classifier/graph-classifier.js'
import { range, takeRows } from '../../../core/rows.js'
import { float32, ops } from '../../../onnx/index.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { prepareAttack } from '../../registry.js'
import { attackBatch } from '../../run/attack-batch.js'
import { rowsOf } from '../../run/attack-round.js'
import { type ImageStreams, imageStreams } from '../../run/image-streams.js'
import { perturbationSizes } from '../../sets/check-perturbation.js'
import { cosineTransform } from '../transfer/cosine-transform.js'
import { accumulate } from '../transfer/momentum.js'
import { spectrumCopy } from '../transfer/spectrum-gradient.js'
import {
	bytesOf,
	replay,
	shareEqual,
	type TransferGolden,
	transferEpsilon,
	transferGolden,
	transferPixels,
	transferShape,
	transferThreat,
} from '../transfer/transfer.test.support.js'
import { cwa } from './cwa.js'
import type { CwaOptions } from './cwa-options.js'

const streams = imageStreams(1)

let engine: Engine
let golden: TransferGolden
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	golden = await transferGolden(engine)
})
afterAll(() => engine.close())

const attack = async (options: CwaOptions, given = golden.batch, own: ImageStreams = streams) =>
	attackBatch(
		cwa.prepare({ surrogates: [...golden.surrogates], ...options }),
		golden.surrogates[0]!.classifier,
		given,
		transferThreat,
		own,
	)

/** Gives image R the fixture's numbers, in the order of steps, surrogates and copies. */
function replayed(): ImageStreams {
	const numbers = (name: string, row: number) =>
		(function* () {
			const values = golden.values(name)
			for (const block of range(0, 3 * 3 * 4))
				yield* values.subarray(block * transferPixels + row * 90, block * transferPixels + row * 90 + 90)
		})()
	return (id) => {
		const row = golden.batch.ids.indexOf(id)
		return replay({ normal: numbers('noise', row), uniform: numbers('mask', row) })
	}
}

describe('CWA makes the images of PyTorch', () => {
	it.each([1, 2, 3])('with momentum, after %i outer steps', async (steps) => {
		const { data } = await attack({ steps })
		expect(
			shareEqual(data, golden.values('mi_cwa').subarray((steps - 1) * transferPixels, steps * transferPixels)),
		).toBe(1)
	})

	it.each([1, 2, 3])('over spectrum copies, after %i outer steps', async (steps) => {
		const { data } = await attack({ variant: 'ssa', steps, copies: 4 }, golden.batch, replayed())
		expect(
			shareEqual(data, golden.values('ssa_cwa').subarray((steps - 1) * transferPixels, steps * transferPixels)),
		).toBe(1)
	})

	it('from the same spectrum copies', () => {
		const own = range(0, 5).flatMap((row) => [
			...spectrumCopy(
				golden.batch.images.data.subarray(row * 90, row * 90 + 90),
				cosineTransform(6, 5),
				30,
				{ deviation: transferEpsilon, rho: 0.5 },
				{
					noise: golden.values('noise').subarray(row * 90, row * 90 + 90),
					mask: golden.values('mask').subarray(row * 90, row * 90 + 90),
				},
			),
		])
		expect(shareEqual(own, golden.values('copy'))).toBe(1)
	})
})

describe('momentum', () => {
	it('adds vectors divided by their own norm, row by row', () => {
		const momentum = Float64Array.of(1, 1, 1, 1)
		accumulate(momentum, [3, 4, 0, 0], 2, 0.5, 'l2')
		expect([...momentum]).toEqual([0.5 + 3 / 5, 0.5 + 4 / 5, 0.5, 0.5])
		const other = new Float64Array(4)
		accumulate(other, [3, -1, 1, 0], 2, 1, 'l1')
		expect([...other]).toEqual([0.75, -0.25, 1, 0])
		accumulate(other, [3, -1, 1, 0], 2, 0, 'mean-absolute')
		expect([...other]).toEqual([1.5, -0.5, 2, 0])
	})
})

describe('CWA', () => {
	it.each([
		{ variant: 'mi', start: 'uniform' },
		{ variant: 'ssa', copies: 2 },
	] as const)('gives an image the same bytes in any batch and order: %o', async (options) => {
		const whole = await attack({ steps: 2, ...options })
		const order = [3, 1, 4, 0, 2]
		expect(bytesOf(await attack({ steps: 2, ...options }, rowsOf(golden.batch, order)))).toBe(
			bytesOf(takeRows(whole, order)),
		)
		const alone = await attack({ steps: 2, ...options }, rowsOf(golden.batch, [2]))
		expect(bytesOf(alone)).toBe(bytesOf(takeRows(whole, [2])))
		expect(bytesOf(await attack({ steps: 2, ...options }))).toBe(bytesOf(whole))
		const sizes = perturbationSizes(golden.batch.images, whole, 'linf')
		expect(Math.max(...sizes)).toBeLessThanOrEqual(transferEpsilon)
		expect(Math.min(...sizes)).toBeGreaterThan(0)
	})

	it('leaves images alone at epsilon 0', async () => {
		const prepared = prepareAttack('mi-cwa', { surrogates: [...golden.surrogates] })
		const { classifier } = golden.surrogates[0]!
		const images = await attackBatch(prepared, classifier, golden.batch, { norm: 'linf', epsilon: 0 }, streams)
		expect(images).toEqual(golden.batch.images)
		await expect(attackBatch(prepared, classifier, golden.batch, { norm: 'l2', epsilon: 1 }, streams)).rejects.toThrow(
			/works in linf, not in l2/,
		)
	})

	it('is not stopped by a surrogate that is constant', async () => {
		const constant = await createGraphClassifier({
			engine,
			classNames: golden.surrogates[0]!.classifier.classNames,
			imageShape: transferShape,
			build: (pixels) => ({
				logits: ops.linear(ops.reshape(pixels, [-1, 90]), ops.literal(float32([4, 90], new Float32Array(360))), null),
			}),
		})
		const surrogates = [{ name: 'constant', sha256: 'f'.repeat(64), classifier: constant }]
		expect(bytesOf(await attack({ surrogates, steps: 2 }))).toBe(bytesOf(golden.batch.images))
		await constant.release()
	})

	it('is one round that says what it calls of each surrogate', async () => {
		for (const [name, options, variant] of [
			['mi-cwa', { steps: 2 }, 'mi'],
			['ssa-cwa', { steps: 2, copies: 3 }, 'ssa'],
		] as const) {
			const called = { evaluations: 0, gradients: 0 }
			const counted = golden.surrogates.map((surrogate) => ({
				...surrogate,
				classifier: decorate(surrogate.classifier, {
					evaluate(inner, ...call) {
						called.evaluations++
						return inner.evaluate(...call)
					},
					gradient(inner, ...call) {
						called.gradients++
						return inner.gradient(...call)
					},
				}),
			}))
			const [round, ...others] = prepareAttack(name, { surrogates: counted, ...options }).rounds(4)
			const made = await round!.run(golden.surrogates[0]!.classifier, golden.batch, transferThreat, streams)
			expect(others).toEqual([])
			expect(called).toEqual(round!.cost)
			expect(bytesOf(made)).toBe(bytesOf(await attack({ variant, ...options })))
		}
	})

	it('records surrogates by name and fingerprint, constants in full', () => {
		const { options, reads } = prepareAttack('ssa-cwa', { surrogates: [...golden.surrogates] })
		expect([reads.model, reads.labels]).toEqual(['nothing', true])
		expect(options).toEqual({
			surrogates: [0, 1, 2].map((index) => ({ name: `surrogate ${index}`, sha256: String(index).repeat(64) })),
			variant: 'ssa',
			steps: 10,
			start: 'zero',
			decay: 1,
			relativeReverseStep: 1 / 15,
			innerStep: 250,
			relativeOuterStep: 1 / 5,
			ensemble: 'sum',
			copies: 20,
			relativeNoise: 1,
			rho: 0.5,
		})
	})

	it('refuses surrogates that do not fit, and none at all', async () => {
		await expect(attack({ surrogates: [] })).rejects.toThrow(/makes images on surrogates, and none were given/)
		const [first, ...others] = golden.surrogates
		const surrogate = (classNames: readonly string[], inputShape = first!.classifier.inputShape) => ({
			...first!,
			classifier: decorate(first!.classifier, { classNames, inputShape }),
		})
		const swapped = [surrogate(['b', 'a', 'c', 'd']), ...others]
		await expect(
			attackBatch(cwa.prepare({ surrogates: swapped }), others[0]!.classifier, golden.batch, transferThreat, streams),
		).rejects.toThrow(/same classes in another order: its class 0 is b, the data's is a/)
		await expect(attack({ surrogates: [...others, surrogate(['a', 'b', 'c'])] })).rejects.toThrow(
			/Surrogate surrogate 0 has 3 classes, the data 4/,
		)
		await expect(attack({ surrogates: [surrogate(['a', 'b', 'c', 'd'], [3, 8, 8])] })).rejects.toThrow(
			/takes images \[3, 8, 8\]; the images to attack are \[3, 6, 5\]/,
		)
		await expect(attack({ steps: 0 })).rejects.toThrow(/options of attack cwa are invalid/)
	})

	it('names the surrogate and the image whose gradient is not finite', async () => {
		const overflowing = {
			...golden.surrogates[1]!,
			classifier: {
				...golden.surrogates[1]!.classifier,
				gradient: async (...call: Parameters<TransferGolden['surrogates'][number]['classifier']['gradient']>) => {
					const found = await golden.surrogates[1]!.classifier.gradient(...call)
					found.gradient.data[95] = Number.POSITIVE_INFINITY
					return found
				},
			},
		}
		await expect(attack({ surrogates: [golden.surrogates[0]!, overflowing] })).rejects.toThrow(
			/not finite for image image 1 \(of surrogate surrogate 1, step 1 of 10 of CWA\)/,
		)
	})
})

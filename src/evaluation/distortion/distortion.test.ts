import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareAttack } from '../../attacks/registry.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { familyFixture, openFamily } from '../../checkpoints/families.test.support.js'
import { createGraphClassifier } from '../../classifier/graph-classifier.js'
import { predictions } from '../../classifier/predictions.js'
import type { Tensor } from '../../core/tensor.js'
import { subset } from '../../data/dataset.js'
import { fixedParameters, initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { ops } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { type ClipModel, logScale } from '../../vlm/model.js'
import { similarityLogits } from '../../vlm/similarity.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { preparedImages } from '../robustness/evaluate.js'
import { type Distortion, type DistortionInput, type DistortionModel, measureDistortion } from './distortion.js'
import { recordedDistortion } from './recorded-distortion.js'
import { tokenPlaces } from './token-taps.js'

const attack = prepareAttack('pgd-20', { steps: 3 })
const threat = threatModel('linf', 8 / 255)
const { classNames, test: split } = tinyDataset()

describe('measureDistortion', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	async function model(clip: ClipModel, name: string, options: Record<string, unknown>): Promise<DistortionModel> {
		const defense = prepareDefense(name, clip, classNames, options)
		return { defense, parameters: await initialParameters(defense, 2) }
	}

	async function setting(
		options: Record<string, unknown> = {},
		name = 'nap',
		own?: ClipModel,
	): Promise<DistortionInput> {
		const clip = own ?? (await tinyClip(await temporaryFolder()))
		const control = { defense: prepareDefense('vanilla', clip, classNames), parameters: {} }
		const tuned = await model(clip, name, options)
		return { engine, clip, models: [control, tuned], split, attack, threatModel: threat, seed: 3, batchSize: 5 }
	}
	const nap = { textPrompts: 2, visualPrompts: 2, contextDeviation: 0.5 }
	const one = (found: readonly Distortion[] | undefined, tower: string, perturbation: string) =>
		found!.find((each) => each.tower === tower && each.perturbation === perturbation)!
	const all = range(split.length)

	/** The images under the attack on a model, as an evaluation would make them. */
	async function attacked(input: DistortionInput, { defense, parameters }: DistortionModel) {
		const classifier = await deployedClassifier(engine, input.clip, defense, parameters)
		const images = await preparedImages(input.clip, split, all)
		const batch = { images, labels: all.map(split.label), ids: all.map(split.id) }
		const adversarial = await attackBatch(attack, classifier, batch, threat, imageStreams(3))
		const { logits } = await classifier.evaluate(adversarial, ['logits'])
		await classifier.release()
		const right = predictions(logits!, batch.ids).filter((predicted, row) => predicted === batch.labels[row]).length
		return { images, adversarial, right }
	}

	it('gives the distances that the tokens of vanilla have, worked out by hand', async () => {
		const input = await setting(nap)
		const found = await measureDistortion(input)
		const [vanilla, tuned] = input.models as [DistortionModel, DistortionModel]
		// A tower of its own, whose tokens are taps under other names.
		const tower = await createGraphClassifier({
			engine,
			classNames,
			imageShape: [3, 16, 16],
			build: (pixels) => {
				const { layerInputs, tokens, features } = vanilla.defense.imageFeatures(pixels, fixedParameters({}), {
					allTokens: true,
				})
				const text = ops.literal({ type: 'float32', shape: [3, 12], data: new Float32Array(36).fill(0.1) })
				const named = [...layerInputs, tokens].map((value, layer) => [`h${layer}`, value] as const)
				return {
					...Object.fromEntries(named),
					features,
					logits: similarityLogits(features, text, logScale(input.clip)),
				}
			},
		})
		const taps = ['h0', 'h1', 'h2', 'features']
		for (const against of [vanilla, tuned]) {
			const { images, adversarial } = await attacked(input, against)
			const [clean, moved] = [await tower.evaluate(images, taps), await tower.evaluate(adversarial, taps)]
			const measured = one(found, 'vanilla', against.defense.name)
			for (const [layer, { before, after, refined }] of measured.layers.entries()) {
				const relative = meanOver(clean[`h${layer}`]!, moved[`h${layer}`]!, (a, b) => norm(minus(a, b)) / norm(a))
				const absolute = meanOver(clean[`h${layer}`]!, moved[`h${layer}`]!, (a, b) => norm(minus(a, b)) / Math.sqrt(5))
				const cosine = meanOver(clean[`h${layer}`]!, moved[`h${layer}`]!, (a, b) => {
					const [x, y] = [a.slice(0, 24), b.slice(0, 24)]
					return 1 - x.reduce((sum, value, at) => sum + value * y[at]!, 0) / norm(x) / norm(y)
				})
				expect(before.tokens.relative.mean).toBeCloseTo(relative, 9)
				expect(before.tokens.absolute.mean).toBeCloseTo(absolute, 9)
				expect(before.classToken?.cosine.mean).toBeCloseTo(cosine, 9)
				expect(after).toEqual(before)
				expect(refined).toBe(false)
				expect(relative).toBeGreaterThan(0)
			}
			const feature = meanOver(clean.features!, moved.features!, (a, b) => norm(minus(a, b)) / norm(a))
			expect(measured.features.relative.mean).toBeCloseTo(feature, 6)
		}
		expect(one(found, 'vanilla', 'vanilla').layers).toHaveLength(3)
		await tower.release()
	})

	it('measures the patches of a tower without a class token, and the features pooled from them', async () => {
		const { clip } = await openFamily(familyFixture('siglip'))
		const input = await setting({ ...nap, refineFirst: true }, 'nap', clip)
		const found = await measureDistortion(input)
		const [vanilla] = input.models as [DistortionModel]
		const tower = await createGraphClassifier({
			engine,
			classNames,
			imageShape: [3, 17, 17],
			build: (pixels) => {
				const { layerInputs, tokens, features } = vanilla.defense.imageFeatures(pixels, fixedParameters({}), {
					allTokens: true,
				})
				const named = [...layerInputs, tokens].map((value, layer) => [`h${layer}`, value] as const)
				const logits = ops.slice(features, 1, 0, 3)
				return { ...Object.fromEntries(named), features, logits }
			},
		})
		const { images, adversarial } = await attacked(input, vanilla)
		const taps = ['h0', 'h1', 'h2', 'h3', 'features']
		const [clean, moved] = [await tower.evaluate(images, taps), await tower.evaluate(adversarial, taps)]
		const measured = one(found, 'vanilla', 'vanilla')
		expect(measured.layers).toHaveLength(4)
		for (const [layer, { before, after, change }] of measured.layers.entries()) {
			expect(clean[`h${layer}`]!.shape).toEqual([12, 4, 24])
			const relative = meanOver(clean[`h${layer}`]!, moved[`h${layer}`]!, (a, b) => norm(minus(a, b)) / norm(a))
			expect(before.tokens.relative.mean).toBeCloseTo(relative, 9)
			expect(relative).toBeGreaterThan(0)
			expect([before, after, change].some((place) => 'classToken' in place)).toBe(false)
		}
		const feature = meanOver(clean.features!, moved.features!, (a, b) => norm(minus(a, b)) / norm(a))
		expect(measured.features.relative.mean).toBeCloseTo(feature, 6)
		const tuned = one(found, 'nap', 'nap')
		expect(tuned.layers.map(({ refined }) => refined)).toEqual([true, true, true, false])
		expect(tuned.layers[0]!.before.tokens).toEqual(one(found, 'vanilla', 'nap').layers[0]!.before.tokens)
		await tower.release()
	})

	it('refuses a pair of ONNX encoders, which gives no tokens', async () => {
		const file = (name: string) => familyFixture(`encoders/${name}`)
		const { clip } = await openFamily(
			`?image-encoder=${file('image.onnx')}&text-features=${file('text-features.safetensors')}`,
		)
		const vanilla = { defense: prepareDefense('vanilla', clip, ['cat', 'dog']), parameters: {} }
		const input = { engine, clip, models: [vanilla], split, attack, threatModel: threat, seed: 3 }
		await expect(measureDistortion(input)).rejects.toThrow(/pair of ONNX encoders, which gives none/)
	})

	it('says how strong the attacks are, and that noise is weak', async () => {
		const input = await setting(nap)
		const found = await measureDistortion(input)
		expect(found).toHaveLength(6)
		for (const model of input.models) {
			const { name } = model.defense
			const own = one(found, name, name)
			expect(own.perturbed.accuracy).toBe((await attacked(input, model)).right / split.length)
			const random = one(found, name, 'noise')
			expect(random.clean).toEqual(own.clean)
			expect(random.features.relative.mean).toBeLessThan(own.features.relative.mean)
			// Uniform within epsilon: a third of its square per pixel on average.
			const expected = (8 / 255) * Math.sqrt((3 * 16 * 16) / 3)
			expect(random.pixels.mean).toBeGreaterThan(0.8 * expected)
			expect(random.pixels.mean).toBeLessThanOrEqual(1.05 * expected)
		}
	})

	it('separates what enters a refiner from what leaves it', async () => {
		const found = await measureDistortion(await setting({ ...nap, refineFirst: true }))
		const { layers } = one(found, 'nap', 'nap')
		expect(layers.map(({ refined }) => refined)).toEqual([true, true, false])
		for (const { before, after, change, refined } of layers) {
			if (refined) expect(after.tokens.absolute.mean).not.toBe(before.tokens.absolute.mean)
			else expect(after).toEqual(before)
			expect(change.tokens.mean).toBeCloseTo(after.tokens.relative.mean - before.tokens.relative.mean, 9)
		}
		// Before the first refiner nothing of the method has acted on class token and patches.
		const [first] = one(found, 'vanilla', 'nap').layers
		expect(layers[0]!.before.tokens).toEqual(first!.before.tokens)
		// The class token that enters is the same for all images, whatever was done to them.
		expect(layers[0]!.before.classToken?.absolute.mean).toBe(0)
		expect(layers[0]!.before.classToken?.overSpread).toBeNull()
		expect(layers[1]!.before.classToken?.overSpread?.mean).toBeGreaterThan(0)
	})

	it('finds nothing that a refiner changes while its last layer is zero', async () => {
		const found = await measureDistortion(await setting({ ...nap, refinerInit: 'zero-last' }))
		for (const perturbation of ['vanilla', 'nap', 'noise']) {
			const { layers } = one(found, 'nap', perturbation)
			expect(layers[1]!.refined).toBe(true)
			for (const { before, after, change } of layers) {
				expect(after).toEqual(before)
				expect(change.tokens).toEqual({ mean: 0, interval: [0, 0] })
			}
		}
	})

	it('works for methods without refiners', async () => {
		const found = await measureDistortion(await setting({}, 'advpt-v'))
		const { layers } = one(found, 'advpt-v', 'advpt-v')
		for (const { before, after, refined } of layers) {
			expect(refined).toBe(false)
			expect(after).toEqual(before)
		}
		expect(layers[1]!.before.tokens).not.toEqual(one(found, 'vanilla', 'advpt-v').layers[1]!.before.tokens)
	})

	it('is 0 everywhere at epsilon 0', async () => {
		const found = await measureDistortion({ ...(await setting(nap)), threatModel: threatModel('linf', 0) })
		for (const { layers, features, pixels, clean, perturbed } of found!) {
			const places = layers.flatMap(({ before, after }) => [before, after].flatMap(Object.values))
			for (const { absolute, relative, cosine, norm } of [...places, features]) {
				expect([absolute, relative, cosine].flatMap(({ mean, interval }) => [mean, ...interval])).toEqual(
					new Array(9).fill(0),
				)
				expect(norm.mean).toBeGreaterThan(0)
			}
			expect(pixels.mean).toBe(0)
			expect(perturbed).toEqual(clean)
		}
	})

	it('does not depend on the batch size', async () => {
		const input = await setting(nap)
		expect(await measureDistortion({ ...input, batchSize: 12 })).toEqual(await measureDistortion(input))
	})

	it('stops when asked, and refuses what it cannot measure', async () => {
		const input = await setting(nap)
		expect(await measureDistortion({ ...input, signal: AbortSignal.abort() })).toBeUndefined()
		await expect(measureDistortion({ ...input, split: subset(split, [0]) })).rejects.toThrow(/at least 2 images; got 1/)
		await expect(measureDistortion({ ...input, attack: prepareAttack('pgd', { targeted: true }) })).rejects.toThrow(
			/untargeted/,
		)
		const [vanilla] = input.models as [DistortionModel]
		await expect(measureDistortion({ ...input, models: [vanilla, vanilla] })).rejects.toThrow(/a different name/)
	})

	it('is recorded with everything that it takes to find it again', async () => {
		const { models, ...input } = await setting(nap)
		const [control, tuned] = models as [DistortionModel, DistortionModel]
		const path = join(await temporaryFolder(), 'distortion', 'record.json')
		const record = await recordedDistortion({
			...input,
			dataset: tinyDataset(),
			splitName: 'test',
			control,
			tuned,
			path,
		})
		expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(record)))
		expect(record).toMatchObject({
			kind: 'distortion',
			models: [{ name: 'vanilla' }, { name: 'nap', options: { visualPrompts: 2 } }],
			attack: { name: 'pgd-20', options: { steps: 3 } },
			threatModel: threat,
			seed: 3,
			dataset: { split: 'test', images: 12 },
			batchSize: 5,
		})
		expect(record!.measurements).toEqual(await measureDistortion({ ...input, models }))
	})
})

it('token taps leave logits, gradients and features as they are', async () => {
	const engine = await createEngine({ threads: 1 })
	const clip = await tinyClip(await temporaryFolder())
	const defense = prepareDefense('nap', clip, classNames, { textPrompts: 2, visualPrompts: 2 })
	const parameters = await initialParameters(defense, 2)
	const images = await preparedImages(clip, split, [0, 5, 9])
	const batch = { images, labels: [0, 1, 2], ids: ['a', 'b', 'c'] }
	const seen = await Promise.all(
		[false, true].map(async (tokens) => {
			const classifier = await deployedClassifier(engine, clip, defense, parameters, { tokens })
			const adversarial = await attackBatch(attack, classifier, batch, threat, imageStreams(1))
			return [
				adversarial,
				await classifier.evaluate(adversarial, ['logits', 'imageFeatures']),
				classifier.taps,
			] as const
		}),
	)
	expect(seen[1]!.slice(0, 2)).toEqual(seen[0]!.slice(0, 2))
	expect(seen[0]![2]).not.toContain('tokens.1')
	for (const { before, after } of tokenPlaces(defense))
		expect(seen[1]![2]).toEqual(expect.arrayContaining([before, after]))
	await engine.close()
})

function range(count: number): number[] {
	return [...Array(count).keys()]
}

function norm(values: readonly number[]): number {
	return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
}

function minus(a: readonly number[], b: readonly number[]): number[] {
	return a.map((value, at) => value - b[at]!)
}

/** Mean over the first axis of a function of the rows of two tensors. */
function meanOver(a: Tensor<'float32'>, b: Tensor<'float32'>, of: (a: number[], b: number[]) => number): number {
	const count = a.shape[0]!
	const size = a.data.length / count
	const row = ({ data }: Tensor<'float32'>, at: number) => [...data.subarray(at * size, (at + 1) * size)]
	return range(count).reduce((sum, at) => sum + of(row(a, at), row(b, at)), 0) / count
}

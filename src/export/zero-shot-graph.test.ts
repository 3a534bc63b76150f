import { toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { familyFixture, openFamily } from '../checkpoints/families.test.support.js'
import { entry } from '../core/at.js'
import { float32, type Tensor as Values } from '../core/tensor.js'
import { initialParameters } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { computeTextFeatures } from '../methods/tuning/text-side.js'
import { tinyClip } from '../methods/tuning/tiny.test.support.js'
import { generator } from '../random/counter-based.js'
import { relativeDistance } from '../runtime/graphs.test.support.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { pixelValuesOf } from './exported-program.js'
import { exportedTokens } from './exported-texts.js'
import { hypothesisTemplate } from './hypothesis-template.js'
import { longestText, zeroShotGraphs } from './zero-shot-graph.js'

const classNames = ['cat', 'a very old dog', 'ship']

describe('a CLIP for any classes', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	const numbers = (found: InferenceSession.OnnxValueMapType, name: string) => [
		...(entry(found, name).data as Float32Array),
	]
	const ids = (rows: readonly (readonly number[])[], padding: number) => {
		const length = Math.max(...rows.map((row) => row.length))
		const flat = (fill: number, value: (row: readonly number[], at: number) => number) =>
			BigInt64Array.from(
				rows.flatMap((row) => Array.from({ length }, (_, at) => BigInt(at < row.length ? value(row, at) : fill))),
			)
		const tensor = (data: BigInt64Array) => new Tensor('int64', data, [rows.length, length])
		return {
			input_ids: tensor(flat(padding, (row, at) => row[at] ?? 0)),
			attention_mask: tensor(flat(0, () => 1)),
		}
	}

	it.each([
		['nap', { textPrompts: 3, visualPrompts: 2, refineFirst: true }],
		['nap', { textPrompts: 2, coupling: 'joint', textRefiner: 'sos', refinerEnsemble: 2 }],
		['coop', { textPrompts: 5 }],
		['advpt-v', {}],
	])('%s %o: texts of any number and length, images, and the logits of the classifier', async (name, options) => {
		const clip = await tinyClip(await temporaryFolder())
		const defense = prepareDefense(name, clip, classNames, options)
		const parameters = await initialParameters(defense, 1)
		const model = { clip, defense, parameters }
		const { whole, vision, text } = await zeroShotGraphs(model, {})
		const session = (message: typeof text) =>
			InferenceSession.create(toBinary(ModelProtoSchema, message), { logSeverityLevel: 4 })
		const texts = await session(text)
		// The texts of this method's prompts, whose learned part stands in the graph.
		const template = name === 'advpt-v' ? 'a photo of a {}.' : '{}.'
		const rows = classNames.map((own) => clip.tokenizer.encode(template.replace('{}', own)))
		const padding = clip.tokenizer.paddingId
		const features = await computeTextFeatures(engine, defense, parameters, 2)
		const width = features.data.length / 3
		const all = numbers(await texts.run(ids(rows, padding)), 'text_embeds')
		expect(relativeDistance(all, [...features.data])).toBeLessThan(1e-5)
		for (const [index, row] of rows.entries()) {
			const alone = numbers(await texts.run(ids([row], padding)), 'text_embeds')
			const expected = [...features.data.subarray(index * width, (index + 1) * width)]
			expect(relativeDistance(alone, expected)).toBeLessThan(1e-5)
		}

		// Cut off by a tokenizer that drops the end token, by one that keeps it, and as long as it may be.
		const longest = longestText(model)
		const long = clip.tokenizer.encode('cat dog '.repeat(40))
		const end = long.at(-1) ?? -1
		const cut = long.slice(0, longest)
		const kept = [...long.slice(0, longest - 1), end]
		const [dropped, complete] = await Promise.all(
			[cut, kept].map(async (row) => numbers(await texts.run(ids([row], padding)), 'text_embeds')),
		)
		expect(dropped).toEqual(complete)
		await expect(texts.run(ids([long], padding))).rejects.toThrow()

		const stream = generator(1, 'zero-shot-graph.test')
		const pixels: Values<'float32'> = float32(
			[2, 3, 16, 16],
			Float32Array.from({ length: 2 * 3 * 256 }, () => stream.uniform()),
		)
		const values = pixelValuesOf(pixels, clip.statistics)
		const pixelFeed = { pixel_values: new Tensor('float32', values.data, values.shape) }
		const deployed = await deployedClassifier(engine, clip, defense, parameters)
		const { logits } = await deployed.evaluate(pixels, ['logits'])
		await deployed.release()
		const found = await (await session(whole)).run({ ...ids(rows, padding), ...pixelFeed })
		expect(relativeDistance(numbers(found, 'logits_per_image'), [...(logits?.data ?? [])])).toBeLessThan(1e-4)
		expect(found.logits_per_text?.dims).toEqual([3, 2])
		const images = await (await session(vision)).run(pixelFeed)
		expect(relativeDistance(numbers(images, 'image_embeds'), numbers(found, 'image_embeds'))).toBeLessThan(1e-6)
	})

	it.each([
		['nap', { textPrompts: 3, visualPrompts: 2 }, '{}.'],
		['coop', { textPrompts: 5 }, '{}.'],
		['advpt-v', {}, 'a photo of a {}.'],
	])(
		'%s on SigLIP: texts of the one length that it reads, padded, and the logits of the classifier',
		async (name, options, template) => {
			const { clip } = await openFamily(familyFixture('siglip'))
			const defense = prepareDefense(name, clip, classNames, options)
			const parameters = await initialParameters(defense, 1)
			const model = { clip, defense, parameters }
			expect(hypothesisTemplate(clip, defense)).toBe(template)
			const { whole, text } = await zeroShotGraphs(model, {})
			const session = (message: typeof text) =>
				InferenceSession.create(toBinary(ModelProtoSchema, message), { logSeverityLevel: 4 })
			const length = longestText(model)
			expect(length).toBe(20 - ('textPrompts' in options ? options.textPrompts : 0))
			const rows = classNames.map((own) => clip.tokenizer.encode(template.replace('{}', own)))
			const padded = rows.flatMap((row) => [
				...row,
				...new Array<number>(length - row.length).fill(clip.tokenizer.paddingId),
			])
			const input_ids = new Tensor('int64', BigInt64Array.from(padded, BigInt), [rows.length, length])
			const prompts = classNames.map((own) => template.replace('{}', own))
			const ports = { maxTokens: length, inputs: [{ name: 'input_ids', type: 'int64', shape: ['B', length] } as const] }
			const tokens = exportedTokens(clip.tokenizer, prompts, ports)
			expect(Object.keys(tokens)).toEqual(['input_ids'])
			expect(tokens.input_ids?.data).toEqual(input_ids.data)
			const features = await computeTextFeatures(engine, defense, parameters, 2)
			const texts = await session(text)
			expect(texts.inputNames).toEqual(['input_ids'])
			expect(relativeDistance(numbers(await texts.run({ input_ids }), 'text_embeds'), [...features.data])).toBeLessThan(
				1e-5,
			)

			const stream = generator(1, 'zero-shot-graph.test')
			const pixels: Values<'float32'> = float32(
				[2, 3, 17, 17],
				Float32Array.from({ length: 2 * 3 * 289 }, () => stream.uniform()),
			)
			const values = pixelValuesOf(pixels, clip.statistics)
			const deployed = await deployedClassifier(engine, clip, defense, parameters)
			const { logits } = await deployed.evaluate(pixels, ['logits'])
			await deployed.release()
			const pixel_values = new Tensor('float32', values.data, values.shape)
			const found = await (await session(whole)).run({ input_ids, pixel_values })
			expect(relativeDistance(numbers(found, 'logits_per_image'), [...(logits?.data ?? [])])).toBeLessThan(1e-5)
		},
	)

	it('refuses a method whose contexts leave no room for a text', async () => {
		const clip = await tinyClip(await temporaryFolder())
		const defense = prepareDefense('coop', clip, ['cat', 'dog'], { textPrompts: 25 })
		const parameters = await initialParameters(defense, 1)
		await expect(zeroShotGraphs({ clip, defense, parameters }, {})).rejects.toMatchObject({
			code: 'NAP_EXPORT_REFUSED',
		})
	})
})

import { copyFile, cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entry, present } from '../core/at.js'
import { float32, int64, type Tensor, tensor } from '../core/tensor.js'
import { fixedParameters, initialParameters } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import { relativeError } from '../files/golden.test.support.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { computeTextFeatures } from '../methods/tuning/text-side.js'
import { grad, ops } from '../onnx/index.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { classLogits, encodeImage, encodeText } from '../vlm/towers.js'
import { familyFixture, familyGolden } from './families.test.support.js'
import { loadClip } from './load-clip.js'
import { pixelStream, seededBits } from './seeded-values.js'

const nanoTokenizer = fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url))
const file = (name: string) => familyFixture(`encoders/${name}`)
const pair = `?image-encoder=${file('image.onnx')}&text-encoder=${file('text.onnx')}&tokenizer=${nanoTokenizer}`
const fixed = `?image-encoder=${file('image.onnx')}&text-features=${file('text-features.safetensors')}`

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

function pictures(size: number): Tensor<'float32'> {
	const values = Float32Array.from({ length: 9 * size * size }, (_, at) => seededBits(5, pixelStream, at) * 2 ** -24)
	return float32([3, 3, size, size], values)
}

describe('a CLIP with a ResNet as two ONNX files', () => {
	it('has the features, logits and pixel gradient that PyTorch has in float64', async () => {
		const clip = await loadClip(pair)
		expect(clip.config).toMatchObject({ family: 'encoders', projectionDimension: 20, text: { width: 16, padTo: 16 } })
		const golden = await familyGolden('encoders/golden.safetensors')
		const ids = entry(golden, 'input_ids')
		const pixels = ops.input('pixels', 'float32', ['B', 3, 32, 32])
		const image = encodeImage(clip, pixels).features
		const text = encodeText(clip, ops.input('ids', 'int64', ['C', 16]), ops.input('end', 'float32', ['C', 16])).features
		const logits = classLogits(clip, image, ops.normalizeL2(text))
		const [gradient] = grad(ops.crossEntropy(logits, ops.input('labels', 'int64', ['B'])), [pixels])
		const program = await engine.compile({ image, text, logits, gradient: present(gradient, 'gradient') })
		const feeds: Record<string, Tensor> = {
			pixels: pictures(32),
			ids: int64([5, 16], BigInt64Array.from(ids, BigInt)),
			end: float32([5, 16], new Float32Array(80)),
			labels: tensor('int64', [3], BigInt64Array.of(3n, 0n, 2n)),
		}
		const needed = new Set(program.inputs)
		const found = await program.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => needed.has(name))))
		await program.release()
		const error = (name: string, key: string) =>
			relativeError((found[name] as Tensor<'float32'>).data, entry(golden, key))
		expect(error('image', 'image_features')).toBeLessThan(1e-5)
		expect(error('text', 'text_features')).toBeLessThan(1e-5)
		expect(error('logits', 'logits')).toBeLessThan(1e-5)
		expect(error('gradient', 'pixel_gradient')).toBeLessThan(1e-4)
	})

	it('learns a text context: one that starts from words is vanilla', async () => {
		const clip = await loadClip(pair)
		const classes = ['cat', 'dog']
		const coop = prepareDefense('coop', clip, classes, { textPrompts: 4, contextInit: 'words' })
		const vanilla = prepareDefense('vanilla', clip, classes)
		const own = await computeTextFeatures(engine, coop, await initialParameters(coop, 1), 64)
		expect(relativeError(own.data, (await computeTextFeatures(engine, vanilla, {}, 64)).data)).toBeLessThan(1e-6)
		// And the context has a gradient.
		const { lookup, values } = contextInput(coop.parameters.get('text.context.0')!.shape)
		const features = coop.textFeatures(ops.input('ids', 'int64', [2, 16]), ops.input('end', 'float32', [2, 16]), lookup)
		expect(grad(ops.reduceSum(features), [values])[0]?.shape).toEqual([4, 16])
	})

	it('has the same zero-shot features from a file of text features', async () => {
		const clip = await loadClip(fixed)
		const vanilla = prepareDefense('vanilla', clip, ['dog', 'cat'])
		const own = await computeTextFeatures(engine, vanilla, {}, 64)
		const golden = entry(await familyGolden('encoders/golden.safetensors'), 'text_features')
		const row = (index: number) => {
			const values = golden.slice(index * 20, (index + 1) * 20)
			return values.map((value) => value / Math.hypot(...values))
		}
		expect(relativeError(own.data, [...row(1), ...row(0)])).toBeLessThan(1e-6)
		expect(() => prepareDefense('vanilla', clip, ['cat', 'zebra'])).toThrow(/without zebra/)
		expect(() => prepareDefense('coop', clip, ['cat', 'dog'])).toThrow(/no text encoder/)
	})

	it.each(['nap', 'advpt-v', 'advpt-vli', 'advpt-vlj', 'fap'])('refuses %s, which needs tokens', async (name) => {
		const clip = await loadClip(pair)
		const options = name === 'nap' ? { textPrompts: 2 } : {}
		expect(() => prepareDefense(name, clip, ['cat', 'dog'], options)).toThrow(/acts on tokens inside the towers/)
	})
})

describe('loadEncoders refuses', () => {
	it.each([
		['an image encoder alone', `?image-encoder=${file('image.onnx')}`, /either --text-encoder or --text-features/],
		['both texts', `${pair}&text-features=${file('text-features.safetensors')}`, /either --text-encoder/],
		['a model beside it', `nano${pair}`, /given twice/],
		['a file that is gone', '?image-encoder=gone.onnx&text-encoder=x.onnx', /Cannot read the model .*gone\.onnx/],
		[
			'texts for images',
			`?image-encoder=${file('text.onnx')}&text-encoder=${file('text.onnx')}`,
			/reads images \[batch, 16\]/,
		],
		[
			'images for texts',
			`?image-encoder=${file('image.onnx')}&text-encoder=${file('image.onnx')}`,
			/token ids, int64 or int32/,
		],
		[
			'no tokenizer',
			`?image-encoder=${file('image.onnx')}&text-encoder=${file('text.onnx')}`,
			/tokenizer\.json is missing/,
		],
		['a scale of words', `${fixed}&logit-scale=warm`, /logit scale is warm/],
		['a text encoder without its other half', `nano?text-encoder=${file('text.onnx')}`, /Add --image-encoder/],
	])('%s', async (_, source, message) => {
		await expect(loadClip(source)).rejects.toThrow(message)
	})

	it('an image encoder that does not say how images are prepared', async () => {
		const folder = join(await temporaryFolder(), 'encoders')
		await cp(file(''), folder, { recursive: true })
		await copyFile(nanoTokenizer, join(folder, 'tokenizer.json'))
		const source = `?image-encoder=${join(folder, 'image.onnx')}&text-encoder=${join(folder, 'text.onnx')}`
		expect((await loadClip(source)).tokenizer.vocabularySize).toBe(4608)
		await rm(join(folder, 'preprocessor_config.json'))
		await expect(loadClip(source)).rejects.toThrow(/does not describe its image preprocessing/)
		await writeFile(join(folder, 'preprocessor_config.json'), '{"crop_size": 224}')
		await expect(loadClip(source)).rejects.toThrow(/makes images of 224x224/)
	})
})

function contextInput(shape: readonly number[]) {
	const values = ops.input('context', 'float32', shape)
	const others = fixedParameters({})
	return { values, lookup: (name: string) => (name === 'text.context.0' ? values : others(name)) }
}

/** Graphs of every kind of export of one small model, what they are fed, and what onnxruntime in Node.js makes of them. */

import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toBinary } from '@bufbuild/protobuf'
import { type ModelProto, ModelProtoSchema } from 'onnx-buf'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Browser, Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import { serve } from '../browser/serve.test.helper.js'
import { entry } from '../core/at.js'
import { initialParameters } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import type { DeployedModel } from '../evaluation/deployed/deployed-classifier.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { decodeImage } from '../images/decode.js'
import { computeTextFeatures } from '../methods/tuning/text-side.js'
import { tinyClip } from '../methods/tuning/tiny.test.support.js'
import { generator } from '../random/counter-based.js'
import { createEngine } from '../runtime/index.js'
import { classifierOutputs } from './classifier-graph.js'
import { writeFiles } from './folder.js'
import { inHalfPrecision } from './half-precision.js'
import { withPreparationInside } from './inside-preparation.js'
import { modelFiles, modelMessage } from './model-message.js'
import { zeroShotGraphs } from './zero-shot-graph.js'

/** A photograph of an odd size. */
export const photo = fileURLToPath(new URL('../../fixtures/images/photo-odd.jpg', import.meta.url))
/** Where onnxruntime-web lies. */
export const runtime = dirname(fileURLToPath(import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm')))
/** Of the model. */
export const classNames = ['cat', 'dog', 'ship']

/** What is fed, as JSON. */
type Feeds = Readonly<Record<string, { readonly type: string; readonly data: number[]; readonly shape: number[] }>>

declare global {
	var numbersOf: (model: string, feeds: Feeds, output: string) => Promise<number[]>
}

/** A graph of an export. */
export interface ExportedCase {
	readonly file: string
	readonly feeds: Feeds
	readonly output: string
	/** Of onnxruntime in Node.js. */
	readonly expected: readonly number[]
}

/** A NAP with parameters as they start, and its classifier as a message. */
export async function preparedModel(): Promise<{ readonly model: DeployedModel; readonly classifier: ModelProto }> {
	const clip = await tinyClip(await temporaryFolder())
	const defense = prepareDefense('nap', clip, classNames, { textPrompts: 2, visualPrompts: 2, refineFirst: true })
	const model = { clip, defense, parameters: await initialParameters(defense, 1) }
	const engine = await createEngine({ threads: 1 })
	onTestFinished(() => engine.close())
	const textFeatures = await computeTextFeatures(engine, defense, model.parameters, 3)
	return {
		model,
		classifier: await modelMessage(classifierOutputs(model, textFeatures, { correctionScore: true }), {}),
	}
}

/** Writes a graph of every kind to a folder. */
export async function exportedCases(folder: string) {
	const { model, classifier } = await preparedModel()
	const { whole, vision, text } = await zeroShotGraphs(model, {})
	const stream = generator(1, 'export-browser.test')
	const pixels = Array.from({ length: 2 * 3 * 256 }, () => Math.fround(4 * stream.uniform() - 2))
	const image = await decodeImage(photo)
	const texts = ['cat.', 'dog.'].map((sentence) => model.clip.tokenizer.encode(sentence))
	const length = texts[0]?.length ?? 0
	expect(texts.map((ids) => ids.length)).toEqual([length, length])
	const pixelFeed = { pixel_values: { type: 'float32', data: pixels, shape: [2, 3, 16, 16] } }
	const textFeed = {
		input_ids: { type: 'int64', data: texts.flat(), shape: [2, length] },
		attention_mask: { type: 'int64', data: texts.flat().map(() => 1), shape: [2, length] },
	}
	const made = async (name: string, message: ModelProto, feeds: Feeds, output: string): Promise<ExportedCase> => {
		const file = `${name}.onnx`
		await writeFiles(folder, modelFiles(file, message))
		const session = await InferenceSession.create(toBinary(ModelProtoSchema, message))
		const tensors = Object.entries(feeds).map(([input, { type, data, shape }]) => {
			const values =
				type === 'int64'
					? BigInt64Array.from(data, BigInt)
					: type === 'uint8'
						? Uint8Array.from(data)
						: Float32Array.from(data)
			return [input, new Tensor(type as 'float32', values as Float32Array, shape)] as const
		})
		const expected = [...(entry(await session.run(Object.fromEntries(tensors)), output).data as Float32Array)]
		await session.release()
		return { file, feeds, output, expected }
	}
	const inside = withPreparationInside(classifier, model.clip.checkpoint.preprocessor)
	const bytes = { image: { type: 'uint8', data: [...image.rgb], shape: [1, image.height, image.width, 3] } }
	return {
		plain: await made('plain', classifier, pixelFeed, 'logits'),
		score: await made('score', classifier, pixelFeed, 'correction'),
		half: await made('half', inHalfPrecision(classifier), pixelFeed, 'logits'),
		open: await made('open', whole, { ...pixelFeed, ...textFeed }, 'logits_per_image'),
		vision: await made('vision', vision, pixelFeed, 'image_embeds'),
		text: await made('text', text, textFeed, 'text_embeds'),
		inside: await made('inside', inside, bytes, 'logits'),
	} satisfies Record<string, ExportedCase>
}

/** A page that runs models of a folder. @param bundle Of onnxruntime-web. @param provider Its execution provider. */
export async function runningPage(
	browser: Browser,
	folder: string,
	{ bundle, provider }: { readonly bundle: string; readonly provider: 'wasm' | 'webgpu' },
): Promise<Page> {
	const server = await serve({
		'/': { content: '<!doctype html><title>exports</title><script type="module" src="/page.js"></script>' },
		'/page.js': { content: script.replace('BUNDLE', bundle).replace('PROVIDER', provider) },
		'/ort': { folder: runtime },
		'/models': { folder },
	})
	onTestFinished(() => server.close())
	const page = await browser.newPage()
	onTestFinished(() => page.close())
	await page.goto(server.address)
	await page.waitForFunction(() => 'numbersOf' in globalThis)
	return page
}

/** What the page makes of a case. */
export function numbersInPage(page: Page, { file, feeds, output }: ExportedCase): Promise<number[]> {
	return page.evaluate(([own, given, which]) => globalThis.numbersOf(own, given, which), [file, feeds, output] as const)
}

const script = `
import * as ort from '/ort/BUNDLE'
ort.env.wasm.wasmPaths = '/ort/'
ort.env.wasm.numThreads = 1
const kinds = { float32: Float32Array, uint8: Uint8Array, int64: BigInt64Array }
globalThis.numbersOf = async (model, feeds, output) => {
	const session = await ort.InferenceSession.create('/models/' + model, { executionProviders: ['PROVIDER'], logSeverityLevel: 3 })
	const tensors = {}
	for (const [name, { type, data, shape }] of Object.entries(feeds)) {
		const values = type === 'int64' ? data.map(BigInt) : data
		tensors[name] = new ort.Tensor(type, kinds[type].from(values), shape)
	}
	try {
		return [...(await session.run(tensors))[output].data]
	} finally {
		await session.release()
	}
}
`

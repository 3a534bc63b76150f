/**
 * Opens exports with their target programs and records the results: transformers.js in Node.js and in Chromium, onnxruntime for
 * Python, onnxruntime-web. README.md explains how to run it.
 */

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import { prepareAttack } from '../../dist/attacks/registry.js'
import { serve } from '../../dist/browser/serve.test.helper.js'
import { onnxClassifier } from '../../dist/classifier/onnx-file/onnx-classifier.js'
import { range } from '../../dist/core/rows.js'
import { atMost } from '../../dist/data/subsets.js'
import { deployedClassifier } from '../../dist/evaluation/deployed/deployed-classifier.js'
import { loadTunedRun } from '../../dist/evaluation/deployed/tuned-run.js'
import { accuracyOf, evaluateImages } from '../../dist/evaluation/robustness/evaluate.js'
import { pixelValuesOf } from '../../dist/export/exported-program.js'
import { pipelinePicture } from '../../dist/export/pipeline-preparation.js'
import { preprocess } from '../../dist/images/preprocess.js'
import { resize } from '../../dist/images/resize.js'
import { exportModel } from '../../dist/jobs/export-model.js'
import { startBrowser, startWebGpuBrowser } from '../../dist/report/html/page/browser.test.helper.js'
import { createEngine } from '../../dist/runtime/index.js'

const here = dirname(fileURLToPath(import.meta.url))
const { values: options } = parseArgs({
	options: {
		run: { type: 'string' },
		python: { type: 'string' },
		images: { type: 'string', default: '200' },
		output: { type: 'string', default: join(here, 'outcome.json') },
		screenshot: { type: 'string' },
	},
})
if (!options.run) throw new Error('Give --run, the run directory of naptune tune.')
if (!existsSync(join(here, 'node_modules'))) {
	execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' })
}
const transformers = await import('@huggingface/transformers')
const { AutoModelForImageClassification, AutoProcessor, env, pipeline, RawImage } = transformers

const work = await mkdtemp(join(tmpdir(), 'naptune-interop-'))
const models = join(work, 'models')
const engine = await createEngine({ threads: 1 })
const context = { engine: async () => engine }
const say = (text) => process.stderr.write(`${text}\n`)

const run = await loadTunedRun(options.run)
const { clip, defense, parameters } = run
const dataset = await run.dataset()
const split = atMost(dataset.test, Number(options.images), 1)
const outcome = {
	made: {},
	images: split.length,
	exports: {},
	transformersJs: {},
	python: null,
	chromium: {},
	webgpu: null,
}

say('exporting')
const kinds = {
	classifier: { layout: 'transformers.js' },
	half: { layout: 'transformers.js', dtype: 'fp16' },
	zeroshot: { layout: 'transformers.js', task: 'zero-shot' },
	inside: { layout: 'onnx', preprocess: 'inside' },
}
for (const [name, kind] of Object.entries(kinds)) {
	const { measured } = await exportModel(
		{ run: options.run, output: join(models, name), images: split.length, ...kind },
		context,
	)
	const { parity, clean, robust, reference, preparation } = measured
	outcome.exports[name] = {
		...kind,
		parity,
		clean,
		robust,
		...(reference && { reference }),
		...(preparation && { preparation }),
	}
	say(`${name}: ${JSON.stringify(parity)} clean ${clean.accuracy} robust ${robust.accuracy}`)
}

// Photographs that need resizing: those of the data set, enlarged to 4 : 3 with Pillow's filter.
const pictures = []
for (const index of range(0, split.length)) {
	const original = await split.image(index)
	const size = { width: 160, height: 120 }
	const picture = resize(original, size, 'bicubic', { left: 0, top: 0, ...size })
	const path = join(work, `${index}.png`)
	await sharp(picture.rgb, { raw: { ...size, channels: 3 } })
		.png()
		.toFile(path)
	pictures.push({ path, picture, label: split.label(index) })
}
const { preprocessor } = clip.checkpoint
const { imageSize } = clip.config.vision
const stacked = (parts) => {
	const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
	parts.forEach((part, at) => {
		data.set(part, at * part.length)
	})
	return { type: 'float32', shape: [parts.length, 3, imageSize, imageSize], data }
}
const own = pictures.map(({ picture }) => preprocess(picture, preprocessor).pixels)
const deployed = await deployedClassifier(engine, clip, defense, parameters)
const best = (row) => row.indexOf(Math.max(...row))
const rowsOf = (data, width) => range(0, data.length / width).map((at) => [...data.slice(at * width, (at + 1) * width)])
const classes = defense.classNames.length
const ownLogits = (await deployed.evaluate(stacked(own), ['logits'])).logits.data
const ownLabels = rowsOf(ownLogits, classes).map(best)

say('transformers.js in Node.js')
env.allowRemoteModels = false
env.localModelPath = `${models}/`
const { version } = env
const template = JSON.parse(await readFile(join(models, 'zeroshot', 'export.json'), 'utf8')).text.hypothesisTemplate
const labelsThrough = async (classify) => {
	const found = []
	for (const { path } of pictures) found.push(await classify(path))
	return found
}
const agreement = (found) => {
	const names = ownLabels.map((label) => defense.classNames[label])
	return found.filter((label, at) => label === names[at]).length / found.length
}
const right = (found) =>
	accuracyOf(found.filter((label, at) => label === defense.classNames[pictures[at].label]).length, found.length)
for (const [name, dtype] of [
	['classifier', 'fp32'],
	['half', 'fp16'],
]) {
	const classify = await pipeline('image-classification', name, { dtype })
	const found = await labelsThrough(async (path) => (await classify(path, { top_k: 1 }))[0].label)
	outcome.transformersJs[name] = { labelAgreement: agreement(found), clean: right(found) }
	await classify.dispose()
}
const zeroShot = await pipeline('zero-shot-image-classification', 'zeroshot', { dtype: 'fp32' })
const zeroShotLabels = await labelsThrough(
	async (path) => (await zeroShot(path, [...defense.classNames], { hypothesis_template: template }))[0].label,
)
outcome.transformersJs.zeroshot = { labelAgreement: agreement(zeroShotLabels), clean: right(zeroShotLabels) }
await zeroShot.dispose()

say('attacking its preprocessed images')
const processor = await AutoProcessor.from_pretrained('classifier')
const model = await AutoModelForImageClassification.from_pretrained('classifier', { dtype: 'fp32' })
const { mean, std } = clip.statistics
const processed = []
let emulation = 0
/** Pixel values as levels of 255, in [0, 1]. */
const bytesOf = (values) =>
	Float32Array.from(values, (value, at) => {
		const channel = Math.floor(at / imageSize ** 2) % 3
		return Math.round((value * std[channel] + mean[channel]) * 255) / 255
	})
const comparedWithOwn = (images) => {
	const found = { differing: 0, pixels: 0, largest: 0 }
	for (const [index, image] of images.entries()) {
		for (const [at, value] of image.entries()) {
			const difference = Math.round(255 * Math.abs(value - own[index][at]))
			if (difference > 0) found.differing++
			found.largest = Math.max(found.largest, difference)
			found.pixels++
		}
	}
	return found
}
for (const { path, picture } of pictures) {
	const { pixel_values: values } = await processor(await RawImage.read(path))
	const bytes = bytesOf(values.data)
	processed.push(bytes)
	const { pixels } = await pipelinePicture(picture, preprocessor)
	for (const [at, value] of bytes.entries()) {
		emulation = Math.max(emulation, Math.round(255 * Math.abs(value - pixels.data[at])))
	}
}
const resizing = comparedWithOwn(processed)
const throughModel = async (pixels) => {
	const { data, shape } = pixelValuesOf(pixels, clip.statistics)
	const { logits } = await model({ pixel_values: new transformers.Tensor('float32', data, shape) })
	return { type: 'float32', shape: logits.dims, data: logits.data }
}
const file = join(models, 'classifier', 'onnx', 'model.onnx')
const read = await onnxClassifier(engine, new Uint8Array(await readFile(file)))
const { decorate } = await import('../../dist/classifier/decorate.js')
const answering = decorate(read, {
	taps: ['logits'],
	evaluate: async (_, pixels) => ({ logits: await throughModel(pixels) }),
})
const threatModel = { norm: 'linf', epsilon: run.protocol.epsilon }
const attacked = async (classifier, images) => {
	const { clean, robust } = await evaluateImages(
		{ classifier, attack: prepareAttack('pgd-20'), threatModel, seed: 1, batchSize: 50 },
		{
			ids: range(0, split.length).map((index) => split.id(index)),
			labels: pictures.map(({ label }) => label),
			pixels: async (positions) => stacked(positions.map((position) => images[position])),
		},
	)
	return { clean, robust }
}
outcome.transformersJs.attacked = {
	attack: 'pgd-20',
	threatModel,
	pipelines: await attacked(answering, processed),
	pillow: await attacked(deployed, own),
	differingPixels: resizing.differing / resizing.pixels,
	largestDifference: resizing.largest,
	emulationOff: emulation,
}
say(JSON.stringify(outcome.transformersJs))

say('the same inputs in Python and Chromium')
const few = stacked(own.slice(0, 16))
const values = pixelValuesOf(few, clip.statistics)
const tokenizer = await transformers.AutoTokenizer.from_pretrained('zeroshot')
const texts = [...defense.classNames.map((name) => template.replace('{}', name)), 'cat '.repeat(200)]
const tokens = tokenizer(texts, { padding: true, truncation: true })
const feed = async (name, type, shape, data) => {
	const path = join(work, `${name}.bin`)
	await writeFile(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
	return { file: path, type, shape }
}
const feeds = {
	pixel_values: await feed('pixel_values', 'float32', values.shape, values.data),
	input_ids: await feed('input_ids', 'int64', tokens.input_ids.dims, tokens.input_ids.data),
	attention_mask: await feed('attention_mask', 'int64', tokens.attention_mask.dims, tokens.attention_mask.data),
	image: await feed('image', 'uint8', [1, 120, 160, 3], new Uint8Array(pictures[0].picture.rgb)),
}
const only = (...names) => Object.fromEntries(names.map((name) => [name, feeds[name]]))
const cases = {
	classifier: { model: 'classifier/onnx/model.onnx', feeds: only('pixel_values'), output: 'logits' },
	half: { model: 'half/onnx/model_fp16.onnx', feeds: only('pixel_values'), output: 'logits' },
	'zero-shot': {
		model: 'zeroshot/onnx/model.onnx',
		feeds: only('pixel_values', 'input_ids', 'attention_mask'),
		output: 'logits_per_image',
	},
	vision: { model: 'zeroshot/onnx/vision_model.onnx', feeds: only('pixel_values'), output: 'image_embeds' },
	text: { model: 'zeroshot/onnx/text_model.onnx', feeds: only('input_ids', 'attention_mask'), output: 'text_embeds' },
	inside: { model: 'inside/model.onnx', feeds: only('image'), output: 'logits' },
}
const kindsOfData = { float32: Float32Array, int64: BigInt64Array, uint8: Uint8Array }
for (const [name, one] of Object.entries(cases)) {
	const session = await InferenceSession.create(join(models, one.model))
	const tensors = {}
	for (const [input, { file: path, type, shape }] of Object.entries(one.feeds)) {
		const { buffer } = new Uint8Array(await readFile(path))
		tensors[input] = new Tensor(type, new kindsOfData[type](buffer), shape)
	}
	const { data } = (await session.run(tensors))[one.output]
	one.numbers = data
	one.expected = (await feed(`expected-${name}`, 'float32', [], data)).file
	await session.release()
}
if (options.python) {
	const task = Object.fromEntries(
		Object.entries(cases).map(([name, { numbers: _, model: path, ...rest }]) => [
			name,
			{ ...rest, model: join(models, path) },
		]),
	)
	await writeFile(join(work, 'task.json'), JSON.stringify({ cases: task }))
	outcome.python = JSON.parse(
		execFileSync(options.python, [join(here, 'check.py'), join(work, 'task.json')], { encoding: 'utf8' }),
	)
	say(JSON.stringify(outcome.python))
}

const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url))
const server = await serve({
	'/': {
		content:
			'<!doctype html><title>transformers.js</title><style>body{font:18px system-ui;margin:2rem}img{width:320px;image-rendering:auto}td{padding:2px 16px 2px 0}</style><h1>Classified by transformers.js</h1><img alt="The picture"><table></table><script type="module" src="/page.js"></script>',
	},
	'/page.js': { content: await readFile(join(here, 'page.js'), 'utf8') },
	'/sessions.js': { content: await readFile(join(here, 'sessions.js'), 'utf8') },
	'/transformers': { folder: join(here, 'node_modules', '@huggingface', 'transformers', 'dist') },
	'/web-runtime': { folder: join(here, 'node_modules', 'onnxruntime-web', 'dist') },
	'/ort': { folder: join(packages, 'onnxruntime-web', 'dist') },
	'/models': { folder: models },
	'/work': { folder: work },
})
const relative = (found, expected) => {
	const squares = (list) => Math.sqrt(list.reduce((sum, value) => sum + value ** 2, 0))
	return squares(found.map((value, at) => value - expected[at])) / squares([...expected])
}
const feedsInPage = ({ feeds: given }) =>
	Object.fromEntries(
		Object.entries(given).map(([input, { file: path, ...rest }]) => [
			input,
			{ ...rest, file: path.replace(work, '/work') },
		]),
	)
const browser = await startBrowser({ isolation: true })
try {
	const page = await browser.newPage()
	page.on('pageerror', (error) => say(`page: ${error.message}`))
	page.on('console', (message) => message.type() === 'error' && say(`page: ${message.text()}`))
	await page.goto(server.address)
	await page.waitForFunction(() => 'show' in globalThis)
	outcome.chromium.version = browser.version()
	outcome.chromium.relativeL2 = {}
	for (const [name, one] of Object.entries(cases)) {
		const found = await page.evaluate(
			([path, given, output]) => globalThis.logits(path, given, output),
			[`/models/${one.model}`, feedsInPage(one), one.output],
		)
		outcome.chromium.relativeL2[name] = relative(found, one.numbers)
	}
	say(JSON.stringify(outcome.chromium))
	for (const [name, dtype] of [
		['classifier', 'fp32'],
		['half', 'fp16'],
	]) {
		const found = []
		for (const index of range(0, pictures.length)) {
			const [top] = await page.evaluate(
				([folder, kind, address]) => globalThis.classify(folder, kind, address, { top_k: 1 }),
				[name, dtype, `/work/${index}.png`],
			)
			found.push(top.label)
		}
		outcome.chromium[name] = { labelAgreement: agreement(found), clean: right(found) }
	}
	const found = []
	for (const index of range(0, pictures.length)) {
		const [top] = await page.evaluate(
			([address, labels, given]) => globalThis.zeroShot('zeroshot', address, labels, given),
			[`/work/${index}.png`, [...defense.classNames], template],
		)
		found.push(top.label)
	}
	outcome.chromium.zeroshot = { labelAgreement: agreement(found), clean: right(found) }
	say('attacking what its processor makes of them in Chromium')
	const inPage = []
	for (const index of range(0, pictures.length)) {
		const values = await page.evaluate(
			([folder, address]) => globalThis.pixelValues(folder, address),
			['classifier', `/work/${index}.png`],
		)
		inPage.push(bytesOf(values))
	}
	const { differing, pixels, largest } = comparedWithOwn(inPage)
	outcome.chromium.attacked = {
		attack: 'pgd-20',
		threatModel,
		pipelines: await attacked(answering, inPage),
		differingPixels: differing / pixels,
		largestDifference: largest,
	}
	if (options.screenshot) {
		await page.evaluate(async () => {
			const address = '/work/3.png'
			globalThis.show(address, await globalThis.classify('classifier', 'fp32', address, { top_k: 5 }))
		})
		await page.setViewportSize({ width: 600, height: 600 })
		await page.waitForTimeout(300)
		await page.screenshot({ path: options.screenshot })
	}
} finally {
	await browser.close()
	await server.close()
}

say('the same numbers on WebGPU')
const webGpu = await startWebGpuBrowser()
if (webGpu.browser) {
	const served = await serve({
		'/': { content: '<!doctype html><title>WebGPU</title><script type="module" src="/page.js"></script>' },
		'/page.js': { content: await readFile(join(here, 'webgpu.js'), 'utf8') },
		'/sessions.js': { content: await readFile(join(here, 'sessions.js'), 'utf8') },
		'/ort': { folder: join(packages, 'onnxruntime-web', 'dist') },
		'/models': { folder: models },
		'/work': { folder: work },
	})
	const page = await webGpu.browser.newPage()
	await page.goto(served.address)
	await page.waitForFunction(() => 'logits' in globalThis)
	outcome.webgpu = {
		version: webGpu.browser.version(),
		...(await page.evaluate(() => globalThis.adapter())),
		relativeL2: {},
	}
	for (const [name, one] of Object.entries(cases)) {
		const found = await page
			.evaluate(
				([path, given, output]) => globalThis.logits(path, given, output),
				[`/models/${one.model}`, feedsInPage(one), one.output],
			)
			.catch(
				(error) => String(error.message).match(/Status Message: ([^\n]*)/)?.[1] ?? String(error.message).slice(0, 200),
			)
		outcome.webgpu.relativeL2[name] = typeof found === 'string' ? found : relative(found, one.numbers)
	}
	await webGpu.browser.close()
	await served.close()
	say(JSON.stringify(outcome.webgpu))
} else say(`not run: ${webGpu.why}`)

outcome.made = {
	run: { dataset: dataset.name, defense: defense.name, trainedEpsilon: run.trainedEpsilon },
	transformers: version,
	engine: engine.version,
	pictures: 'test images enlarged to 160 x 120 by Pillow’s bicubic filter',
}
await mkdir(dirname(options.output), { recursive: true })
await writeFile(options.output, `${JSON.stringify(outcome, null, '\t')}\n`)
say(JSON.stringify(outcome.chromium))
await read.release()
await deployed.release()
await engine.close()
await rm(work, { recursive: true })

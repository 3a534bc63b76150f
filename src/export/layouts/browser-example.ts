/** The pages that exports in layout `onnx` come with: pictures to classes in a browser, without naptune. */

import type { ExportTask } from '../../records/export.js'
import { tokensFunction } from './node-example.js'

/** Where the page loads onnxruntime-web from. @param version Of the package. */
export function webRuntime(version: string): string {
	return `https://cdn.jsdelivr.net/npm/onnxruntime-web@${version}/dist/`
}

/** Where the page of a zero-shot model loads its tokenizer's library from. */
export const webTokenizers = 'https://cdn.jsdelivr.net/npm/@huggingface/tokenizers@0.2.0/dist/tokenizers.min.mjs'

/** What differs between the pages. */
interface Kind {
	/** Elements beside the choice of a picture. */
	readonly elements: string
	readonly imports: string
	/** Statements before the session is made. */
	readonly setup: string
	/** Feeds of one picture, logits of them, and names of the classes, as the program writes it. */
	readonly run: string
	readonly functions: string
}

const classifierPage: Kind = {
	elements: '',
	imports: '',
	setup: 'const { file } = about.graphs[0]',
	run: `const names = labels
	const feeds = about.preprocess === 'inside' ? { image: wholePicture(picture) } : { pixel_values: pixelValues(picture) }
	const { logits } = await session.run(feeds)`,
	functions: `// The graph itself resizes, crops and normalises: bytes [1, height, width, 3] of any size.
function wholePicture(picture) {
	const { width, height } = picture
	return new ort.Tensor('uint8', colours(drawn(picture, width, height, 0, 0, width, height)), [1, height, width, 3])
}
`,
}

const zeroShotPage: Kind = {
	elements: `
<p><label for="names">Classes, one per line</label></p>
<textarea id="names" rows="6" spellcheck="false"></textarea>`,
	imports: `
import { Tokenizer } from '${webTokenizers}'`,
	setup: `const graph = about.graphs.find(({ role }) => role === 'zero-shot')
const { file } = graph
const tokenizerConfig = await json('tokenizer_config.json')
const tokenizer = new Tokenizer(await json('tokenizer.json'), tokenizerConfig)
const area = document.querySelector('#names')
area.value = labels.join('\\n')
area.addEventListener('change', () => input.files[0] && show(input.files[0]))`,
	run: `const lines = area.value.split('\\n').map((line) => line.trim())
	const names = lines.filter((line) => line !== '')
	if (names.length === 0) return
	const { logits_per_image: logits } = await session.run({ ...tokens(names), pixel_values: pixelValues(picture) })`,
	functions: tokensFunction('ort.Tensor'),
}

/**
 * Content of `index.html`.
 * @param runtime Where onnxruntime-web lies, with a slash at its end.
 */
export function browserExample(runtime: string, task: ExportTask = 'classifier'): string {
	const { elements, imports, setup, run, functions } = task === 'classifier' ? classifierPage : zeroShotPage
	return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Classify a picture</title>
<style>
	body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; color: #1c1e21 }
	img { max-width: 100%; max-height: 20rem; display: block; margin: 1rem 0 }
	td { padding: 0.15rem 1rem 0.15rem 0 }
	td:last-child { text-align: right; font-variant-numeric: tabular-nums }
	textarea { width: 100%; box-sizing: border-box; font: inherit }
	#status { color: #57606a }
</style>
<h1>Classify a picture</h1>
<p>The picture stays on this device. Serve this folder over HTTP, for example with <code>npx http-server .</code></p>
<label>Picture <input id="file" type="file" accept="image/*"></label>${elements}
<p id="status" role="status">Loading the model</p>
<img id="picture" alt="The chosen picture" hidden>
<table id="classes"></table>
<script type="module">
import * as ort from '${runtime}ort.wasm.min.mjs'${imports}

ort.env.wasm.wasmPaths = '${runtime}'
ort.env.wasm.numThreads = globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1

const json = async (name) => (await fetch(name)).json()
const [labels, about, preparation] = await Promise.all(['labels.json', 'export.json', 'preprocessor_config.json'].map(json))
const input = document.querySelector('#file')
${setup}
const data = Object.keys(about.files).filter((name) => name === file + '_data')
const session = await ort.InferenceSession.create(file, {
	externalData: data.map((path) => ({ path: path.split('/').at(-1), data: path })),
})
const status = document.querySelector('#status')
input.addEventListener('change', () => input.files[0] && show(input.files[0]))
status.textContent = 'Choose a picture.'

async function show(blob) {
	const picture = await createImageBitmap(blob)
	const shown = document.querySelector('#picture')
	shown.src = URL.createObjectURL(blob)
	shown.hidden = false
	const started = performance.now()
	${run}
	const probabilities = shares([...logits.data])
	const order = probabilities.map((_, at) => at).sort((a, b) => probabilities[b] - probabilities[a])
	const rows = order.slice(0, 5).map((at) => {
		const row = document.createElement('tr')
		for (const text of [names[at], (100 * probabilities[at]).toFixed(1) + ' %']) row.insertCell().textContent = text
		return row
	})
	document.querySelector('#classes').replaceChildren(...rows)
	status.textContent = (performance.now() - started).toFixed(0) + ' ms'
}

${functions}
// Shorter edge to its size, centre crop, (pixel / 255 - mean) / std.
function pixelValues(picture) {
	const { size, crop_size: crop, image_mean: mean, image_std: std } = preparation
	const scale = size.shortest_edge / Math.min(picture.width, picture.height)
	const width = size.shortest_edge ? Math.trunc(picture.width * scale) : size.width
	const height = size.shortest_edge ? Math.trunc(picture.height * scale) : size.height
	const left = Math.round((width - crop.width) / 2)
	const top = Math.round((height - crop.height) / 2)
	const bytes = colours(drawn(picture, width, height, left, top, crop.width, crop.height))
	const area = crop.width * crop.height
	const values = Float32Array.from({ length: 3 * area }, (_, at) => {
		const channel = Math.floor(at / area)
		return (bytes[(at % area) * 3 + channel] / 255 - mean[channel]) / std[channel]
	})
	return new ort.Tensor('float32', values, [1, 3, crop.height, crop.width])
}

function drawn(picture, width, height, left, top, cropWidth, cropHeight) {
	const context = new OffscreenCanvas(cropWidth, cropHeight).getContext('2d')
	context.imageSmoothingQuality = 'high'
	context.drawImage(picture, -left, -top, width, height)
	return context.getImageData(0, 0, cropWidth, cropHeight).data
}

function colours(rgba) {
	return Uint8Array.from({ length: (rgba.length / 4) * 3 }, (_, at) => rgba[Math.floor(at / 3) * 4 + (at % 3)])
}

// Of each class by itself where the export says so, else of all classes together.
function shares(logits) {
	if (about.probabilities === 'sigmoid') return logits.map((logit) => 1 / (1 + Math.exp(-logit)))
	const most = Math.max(...logits)
	const powers = logits.map((logit) => Math.exp(logit - most))
	const sum = powers.reduce((total, power) => total + power, 0)
	return powers.map((power) => power / sum)
}
</script>
</html>
`
}

/** The programs that exports in layout `onnx` come with: pictures to classes in Node.js, without naptune. */

/** What both programs do with pictures and numbers. */
const shared = `// Shorter edge to its size, centre crop, (pixel / 255 - mean) / std.
async function pixelValues(path) {
	const { size, crop_size: crop, image_mean: mean, image_std: std } = preparation
	const { data, info } = await decoded(path)
	const { width, height, channels } = info
	const edge = size.shortest_edge
	const scaled = edge
		? width <= height
			? { width: edge, height: Math.trunc((edge * height) / width) }
			: { width: Math.trunc((edge * width) / height), height: edge }
		: size
	const left = Math.round((scaled.width - crop.width) / 2)
	const top = Math.round((scaled.height - crop.height) / 2)
	const bytes = await sharp(data, { raw: { width, height, channels } })
		.resize({ ...scaled, fit: 'fill', kernel: 'cubic' })
		.extract({ left, top, ...crop })
		.raw()
		.toBuffer()
	const area = crop.width * crop.height
	const values = new Float32Array(3 * area)
	for (let pixel = 0; pixel < area; pixel++) {
		for (let channel = 0; channel < 3; channel++) {
			values[channel * area + pixel] = (bytes[pixel * 3 + channel] / 255 - mean[channel]) / std[channel]
		}
	}
	return new Tensor('float32', values, [1, 3, crop.height, crop.width])
}

function decoded(path) {
	return sharp(path).rotate().toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true })
}

// Of each class by itself where the export says so, else of all classes together.
function shares(logits) {
	if (about.probabilities === 'sigmoid') return logits.map((logit) => 1 / (1 + Math.exp(-logit)))
	const most = Math.max(...logits)
	const powers = logits.map((logit) => Math.exp(logit - most))
	const sum = powers.reduce((total, power) => total + power, 0)
	return powers.map((power) => power / sum)
}
`

/** Content of `classify.mjs` of a classifier. */
export const nodeExample = `// Classifies pictures with the model of this folder. It needs two packages:
//   npm install onnxruntime-node sharp
//   node classify.mjs photo.jpg another.png
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'

const json = async (name) => JSON.parse(await readFile(new URL(name, import.meta.url), 'utf8'))
const labels = await json('labels.json')
const about = await json('export.json')
const preparation = await json('preprocessor_config.json')
const [graph] = about.graphs
const session = await InferenceSession.create(fileURLToPath(new URL(graph.file, import.meta.url)))

for (const path of process.argv.slice(2)) {
	const { logits } = await session.run(
		about.preprocess === 'inside' ? { image: await wholePicture(path) } : { pixel_values: await pixelValues(path) },
	)
	const probabilities = shares([...logits.data])
	const order = probabilities.map((_, at) => at).sort((a, b) => probabilities[b] - probabilities[a])
	const best = order.slice(0, 5).map((at) => ({ label: labels[at], probability: probabilities[at] }))
	console.log(JSON.stringify({ path, classes: best }))
}

// The graph itself resizes, crops and normalises: bytes [1, height, width, 3] of any size.
async function wholePicture(path) {
	const { data, info } = await decoded(path)
	return new Tensor('uint8', new Uint8Array(data), [1, info.height, info.width, 3])
}

${shared}`

/** Content of `classify.mjs` of a zero-shot model. */
export const zeroShotNodeExample = `// Tells classes of your own apart in a picture, with the model of this folder. It needs three packages:
//   npm install onnxruntime-node sharp @huggingface/tokenizers
//   node classify.mjs photo.jpg "a red bus" snow
// Without classes it takes those of labels.json.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Tokenizer } from '@huggingface/tokenizers'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'

const json = async (name) => JSON.parse(await readFile(new URL(name, import.meta.url), 'utf8'))
const about = await json('export.json')
const preparation = await json('preprocessor_config.json')
const tokenizerConfig = await json('tokenizer_config.json')
const tokenizer = new Tokenizer(await json('tokenizer.json'), tokenizerConfig)
const graph = about.graphs.find(({ role }) => role === 'zero-shot')
const session = await InferenceSession.create(fileURLToPath(new URL(graph.file, import.meta.url)))

const [path, ...given] = process.argv.slice(2)
const labels = given.length > 0 ? given : await json('labels.json')
const { logits_per_image: logits } = await session.run({ ...tokens(labels), pixel_values: await pixelValues(path) })
const probabilities = shares([...logits.data])
const order = probabilities.map((_, at) => at).sort((a, b) => probabilities[b] - probabilities[a])
console.log(JSON.stringify({ path, classes: order.map((at) => ({ label: labels[at], probability: probabilities[at] })) }))

${tokensFunction('Tensor')}
${shared}`

/**
 * Classes as ids in the template around them, whose learned part stands in the graph.
 * @param tensor How the program calls the class of tensors.
 */
export function tokensFunction(tensor: string): string {
	return `// Each class in the template of the model, whose learned part stands in the graph. A text that is cut off keeps its end
// token, which also fills shorter texts up; a graph without attention_mask reads one length alone, filled up with padding.
function tokens(names) {
	const { hypothesisTemplate, maxTokens } = about.text
	const end = tokenizer.encode('').ids.at(-1)
	const rows = names.map((name) => {
		const { ids } = tokenizer.encode(hypothesisTemplate.replaceAll('{}', name.replaceAll('_', ' ')))
		return ids.length > maxTokens ? [...ids.slice(0, maxTokens - 1), end] : ids
	})
	const open = graph.inputs.some(({ name }) => name === 'attention_mask')
	const length = open ? Math.max(...rows.map((row) => row.length)) : maxTokens
	const places = rows.flatMap((row) => Array.from({ length }, (_, at) => (at < row.length ? row[at] : undefined)))
	const filling = open ? end : (tokenizer.token_to_id(tokenizerConfig.pad_token) ?? end)
	const tensor = (values) => new ${tensor}('int64', BigInt64Array.from(values, BigInt), [rows.length, length])
	const input_ids = tensor(places.map((id) => id ?? filling))
	return open ? { input_ids, attention_mask: tensor(places.map((id) => (id === undefined ? 0 : 1))) } : { input_ids }
}
`
}

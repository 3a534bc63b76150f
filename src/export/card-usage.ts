/** How a model card shows the use of an export. */

import type { ExportRecord } from '../records/export.js'

/** The section on use. */
export function usageText(record: ExportRecord): string {
	return ['## Use', ...usages[record.layout](record), ...providersText(record)].join('\n\n')
}

const providerNames = { cpu: 'the CPU', wasm: 'WASM', webgpu: 'WebGPU' } as const

function providersText({ providers, dtype, preprocess }: ExportRecord): string[] {
	if (!providers) return []
	const where = providers.map((provider) => providerNames[provider]).join(', ')
	const missing = [
		...(preprocess === 'inside' ? ['WebGPU has no antialiased resize and refuses this graph.'] : []),
		...(dtype === 'fp16' ? ['On WebGPU float16 needs an adapter with `shader-f16`; it was not run there.'] : []),
	]
	return [[`Graphs of this kind are tested in onnxruntime on ${where}.`, ...missing].join(' ')]
}

function plainUsage({ graphs, preprocess, task }: ExportRecord): string[] {
	const ports = graphs.map(
		({ file, inputs, outputs }) =>
			`- \`${file}\`: ${inputs.map(portText).join(', ')} → ${outputs.map(portText).join(', ')}`,
	)
	const pixels =
		preprocess === 'inside'
			? '`image` is a picture of any size as bytes, red first; the graph resizes, crops and normalises it.'
			: '`pixel_values` are resized, cropped and normalised as `preprocessor_config.json` says.'
	const programs =
		task === 'classifier'
			? [
					'`node classify.mjs photo.jpg` classifies in Node.js (`npm install onnxruntime-node sharp`); `index.html`, served over HTTP, does it in a browser.',
				]
			: [
					'`node classify.mjs photo.jpg "a red bus" snow` tells these classes apart in Node.js (`npm install onnxruntime-node sharp @huggingface/tokenizers`); `index.html`, served over HTTP, does it in a browser.',
				]
	const length = graphs.flatMap(({ inputs }) => inputs.filter(({ name }) => name === 'input_ids'))[0]?.shape[1]
	const texts =
		typeof length === 'number'
			? [`Every text has ${length} tokens: pad it as the tokenizer does (\`padding='max_length'\`).`]
			: []
	return [ports.join('\n'), [pixels, ...texts, ...programs].join(' ')]
}

function portText({ name, type, shape }: ExportRecord['graphs'][number]['inputs'][number]): string {
	return `\`${name}\` ${type} [${shape.join(', ')}]`
}

function pipelineUsage({ task, text, classNames, dtype }: ExportRecord): string[] {
	const options = `{ dtype: '${dtype}' }`
	const code =
		task === 'classifier'
			? [
					`const classify = await pipeline('image-classification', 'OWNER/NAME', ${options})`,
					"console.log(await classify('photo.jpg', { top_k: 5 }))",
				]
			: [
					`const classify = await pipeline('zero-shot-image-classification', 'OWNER/NAME', ${options})`,
					`const labels = ${JSON.stringify(classNames.slice(0, 3))}`,
					`console.log(await classify('photo.jpg', labels, { hypothesis_template: ${JSON.stringify(text?.hypothesisTemplate)} }))`,
				]
	return [
		['```js', "import { pipeline } from '@huggingface/transformers'", '', ...code, '```'].join('\n'),
		...(task === 'zero-shot'
			? [
					'Pass `hypothesis_template` as above: the words around a class are learned and stored in the graph, and the pipeline would otherwise add its own.',
				]
			: []),
	]
}

function weightsUsage({ text, classNames }: ExportRecord): string[] {
	const template = JSON.stringify(text?.hypothesisTemplate)
	const code = [
		'from transformers import pipeline',
		'',
		"classify = pipeline('zero-shot-image-classification', 'OWNER/NAME')",
		`classify('photo.jpg', candidate_labels=${JSON.stringify(classNames.slice(0, 3))}, hypothesis_template=${template})`,
	]
	return [
		['```python', ...code, '```'].join('\n'),
		'The learned part is the embeddings of the tokens in `hypothesis_template`; without them this is the base model.',
	]
}

const usages: Readonly<Record<ExportRecord['layout'], (record: ExportRecord) => string[]>> = {
	onnx: plainUsage,
	'transformers.js': pipelineUsage,
	hub: pipelineUsage,
	transformers: weightsUsage,
}

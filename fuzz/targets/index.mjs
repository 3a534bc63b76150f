/** All targets, by name. */

const imageFormats = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif']

const files = {
	safetensors: './safetensors.mjs',
	zip: './zip.mjs',
	pickle: './pickle.mjs',
	'onnx-bytes': './onnx-bytes.mjs',
	'onnx-structure': './onnx-structure.mjs',
	'onnx-open': './onnx-open.mjs',
	tokenizer: './tokenizer.mjs',
	checkpoint: './checkpoint.mjs',
	families: './families.mjs',
	parquet: './parquet.mjs',
	hub: './hub.mjs',
	csv: './csv.mjs',
	json: './json.mjs',
	captions: './captions.mjs',
	run: './run.mjs',
	evaluation: './evaluation.mjs',
	experiment: './experiment.mjs',
	gate: './gate.mjs',
	...Object.fromEntries(imageFormats.map((format) => [`image-${format}`, './images.mjs'])),
}

/** Names in the order of the report. */
export const targetNames = Object.keys(files)

/** Loads a target. @throws For an unknown name. */
export async function loadTarget(name) {
	if (!Object.hasOwn(files, name)) throw new Error(`Unknown target ${name}; available: ${targetNames.join(', ')}.`)
	const { default: target } = await import(files[name])
	return { name, ...(typeof target === 'function' ? target(name) : target) }
}

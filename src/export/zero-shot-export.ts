/** Exports of a run as a CLIP for any classes. */

import { toBinary } from '@bufbuild/protobuf'
import { type ModelProto, ModelProtoSchema } from 'onnx-buf'
import { onnxClassifier } from '../classifier/onnx-file/onnx-classifier.js'
import { defined } from '../core/defined.js'
import { int64, type Tensor } from '../core/tensor.js'
import { requireOwnTexts } from '../defenses/class-logits.js'
import { classesPerChunk, type DeployedModel, deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { computeTextFeatures } from '../methods/tuning/text-side.js'
import { opsetVersion } from '../onnx/serialize.js'
import type { ExportedGraph, ExportLayout, ExportRecord } from '../records/export.js'
import { classPrompts } from '../vlm/class-prompts.js'
import type { ClipModel } from '../vlm/model.js'
import { batchSize, classifierOutputs } from './classifier-graph.js'
import type { ExportInput, MadeExport } from './export-input.js'
import { exportedProgram, pixelValuesOf, runForOutput } from './exported-program.js'
import { writeFiles } from './folder.js'
import { inHalfPrecision, withRoundedWeights } from './half-precision.js'
import { hypothesisTemplate } from './hypothesis-template.js'
import { exampleFiles, gitAttributes } from './layouts/layout-files.js'
import { measureParity, measureReference } from './measure-classifier.js'
import { measureFile } from './measure-pipelines.js'
import { jsonFile, modelFiles, modelMessage } from './model-message.js'
import { preprocessorJson } from './preprocessor.js'
import { tokenizerFiles, transformersConfigOf } from './tokenizer-files.js'
import {
	fixedLength,
	longestText,
	requireTextTower,
	textBatch,
	textContexts,
	textInputs,
	textLength,
	zeroShotGraphs,
} from './zero-shot-graph.js'

/** Writes the graphs of a zero-shot model and measures them on the classes of the run. @param staging Folder to write to. */
export async function exportZeroShot(input: ExportInput, staging: string): Promise<MadeExport> {
	const { engine, run, options } = input
	const { clip, defense, parameters } = run
	requireTextTower(run)
	requireOwnTexts(defense, 'A zero-shot export')
	const half = options.dtype === 'fp16'
	const template = hypothesisTemplate(clip, defense)
	const messages = await zeroShotGraphs(run, {})
	const graphs = graphsOf(input)
	for (const graph of graphs) {
		const message = messages[graph.role === 'zero-shot' ? 'whole' : graph.role === 'vision' ? 'vision' : 'text']
		await writeFiles(staging, modelFiles(graph.file, half ? inHalfPrecision(message) : message))
	}
	const [whole, , text] = graphs
	if (!whole || !text) throw new RangeError('A zero-shot export has three graphs.')
	const tokens = tokensOf(run, classPrompts(defense.classNames, template).prompts)
	const textProgram = await exportedProgram(engine, staging, text)
	const textFeatures = await runForOutput(textProgram, tokens, 'text_embeds').finally(() => textProgram.release())
	const own = await computeTextFeatures(engine, defense, parameters, classesPerChunk)
	const deployed = await deployedClassifier(engine, clip, defense, parameters, { textFeatures: own })
	const program = await exportedProgram(engine, staging, whole)
	try {
		const logits = async (pixels: Tensor<'float32'>) =>
			runForOutput(program, { ...tokens, pixel_values: pixelValuesOf(pixels, clip.statistics) }, 'logits_per_image')
		const measuring = { ...input, clip, onProgress: input.onProgress.bind(undefined, 'the exported file') }
		const parity = await measureParity(measuring, deployed, logits)
		const fixed = await modelMessage(classifierOutputs(run, textFeatures), statisticsOf(clip))
		const read = await onnxClassifier(engine, bytesOf(half ? withRoundedWeights(fixed) : fixed), {
			classNames: defense.classNames,
		})
		const found = await measureFile(measuring, read, logits, options.layout).finally(() => read.release())
		const reference = half ? await measureReference(measuring, deployed, options.maxDrop) : undefined
		return {
			graphs,
			measured: {
				parity,
				...found,
				...defined({ reference }),
				how: `Answers are those of ${whole.file} in onnxruntime on the texts "${template}" of the classes, gradients those of the same graph with these texts fixed${half ? ' and its rounded weights in float32 arithmetic' : ''}.`,
			},
			files: await zeroShotFiles(options.layout, run.clip, longestText(run), defense.classNames),
			text: { contexts: textContexts(defense), maxTokens: longestText(run), hypothesisTemplate: template },
		}
	} finally {
		await program.release()
		await deployed.release()
	}
}

function bytesOf(model: ModelProto): Uint8Array {
	return toBinary(ModelProtoSchema, model)
}

function statisticsOf({ statistics: { mean, std } }: ClipModel): Record<string, string> {
	return {
		input_layout: 'NCHW',
		input_range: '[0, 1]',
		normalization: JSON.stringify({ inside: false, mean, std }),
	}
}

/** Texts as tokens, padded to the longest, or to the one length that the model reads. */
function tokensOf(run: DeployedModel, texts: readonly string[]): Record<string, Tensor<'int64'>> {
	const { tokenizer, config } = run.clip
	const fixed = fixedLength(run)
	const { ids, endPositions, count, length } = tokenizer.encodeBatch(texts, {
		...config.text,
		...defined({ padTo: fixed }),
	})
	if (fixed !== undefined) return { input_ids: int64([count, length], ids) }
	const mask = Array.from({ length: count * length }, (_, index) =>
		index % length <= (endPositions[Math.floor(index / length)] ?? 0) ? 1 : 0,
	)
	return { input_ids: int64([count, length], ids), attention_mask: int64([count, length], mask) }
}

function graphsOf({ run, options }: Pick<ExportInput, 'run' | 'options'>): ExportRecord['graphs'] {
	const { imageSize } = run.clip.config.vision
	const { projectionDimension } = run.clip.config
	const suffix = options.layout !== 'onnx' && options.dtype === 'fp16' ? '_fp16' : ''
	const folder = options.layout === 'onnx' ? '' : 'onnx/'
	const file = (name: string) => `${folder}${name}${suffix}.onnx`
	type Ports = ExportedGraph['inputs']
	const pixels: Ports = [{ name: 'pixel_values', type: 'float32', shape: [batchSize, 3, imageSize, imageSize] }]
	const length = fixedLength(run) ?? textLength
	const tokens: Ports = textInputs(run).map((name) => ({ name, type: 'int64', shape: [textBatch, length] }))
	const image: Ports = [{ name: 'image_embeds', type: 'float32', shape: [batchSize, projectionDimension] }]
	const text: Ports = [{ name: 'text_embeds', type: 'float32', shape: [textBatch, projectionDimension] }]
	const logits: Ports = [
		{ name: 'logits_per_image', type: 'float32', shape: [batchSize, textBatch] },
		{ name: 'logits_per_text', type: 'float32', shape: [textBatch, batchSize] },
	]
	const opset = opsetVersion
	const port = (list: Ports) => [...list].map(({ shape, ...rest }) => ({ ...rest, shape: [...shape] }))
	return [
		{
			role: 'zero-shot',
			file: file('model'),
			opset,
			inputs: port([...tokens, ...pixels]),
			outputs: port([...logits, ...text, ...image]),
		},
		{ role: 'vision', file: file('vision_model'), opset, inputs: port(pixels), outputs: port(image) },
		{ role: 'text', file: file('text_model'), opset, inputs: port(tokens), outputs: port(text) },
	]
}

async function zeroShotFiles(
	layout: ExportLayout,
	{ checkpoint }: ClipModel,
	longest: number,
	classNames: readonly string[],
) {
	return [
		jsonFile('labels.json', classNames),
		jsonFile('preprocessor_config.json', preprocessorJson(checkpoint.preprocessor)),
		...(layout === 'onnx'
			? exampleFiles('zero-shot')
			: [jsonFile('config.json', await transformersConfigOf(checkpoint))]),
		...(await tokenizerFiles(checkpoint, longest)),
		...(layout === 'hub' ? [gitAttributes] : []),
	]
}

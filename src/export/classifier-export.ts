/** Exports of a run as a classifier of images. */

import { join } from 'node:path'
import { toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'
import { openOnnxClassifier } from '../classifier/files/open-onnx-classifier.js'
import { onnxClassifier } from '../classifier/onnx-file/onnx-classifier.js'
import { defined } from '../core/defined.js'
import { classesPerChunk, deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { computeTextFeatures } from '../methods/tuning/text-side.js'
import { opsetVersion } from '../onnx/serialize.js'
import type { ExportedGraph } from '../records/export.js'
import { batchSize, classifierOutputs } from './classifier-graph.js'
import type { ExportInput, MadeExport } from './export-input.js'
import { exportedProgram, pixelValuesOf, runForOutput } from './exported-program.js'
import { writeFiles } from './folder.js'
import { classifierFiles, classifierPath } from './layouts/layout-files.js'
import { inHalfPrecision, withRoundedWeights } from './half-precision.js'
import { measureParity, measureReference, measureRobustness } from './measure-classifier.js'
import { modelFiles, modelMessage } from './model-message.js'

const ofFile = 'Answers are those of the exported file in onnxruntime, gradients those of its graph.'
const ofHalf =
	'Answers are those of the exported file in onnxruntime, gradients those of its graph with its rounded weights in float32 arithmetic.'

/** Writes the graph of a classifier and measures it. @param staging Folder to write to. */
export async function exportClassifier(input: ExportInput, staging: string): Promise<MadeExport> {
	const { engine, run, options } = input
	const { clip, defense, parameters } = run
	const textFeatures = await computeTextFeatures(engine, defense, parameters, classesPerChunk)
	const outputs = classifierOutputs(run, textFeatures, options)
	const message = await modelMessage(outputs, inputMetadata(input))
	const half = options.dtype === 'fp16'
	const file = classifierPath(options.layout, half ? '_fp16' : '')
	await writeFiles(staging, modelFiles(file, half ? inHalfPrecision(message) : message))
	const { imageSize } = clip.config.vision
	const graph: ExportedGraph = {
		role: 'classifier',
		file,
		opset: opsetVersion,
		inputs: [{ name: 'pixel_values', type: 'float32', shape: [batchSize, 3, imageSize, imageSize] }],
		outputs: Object.entries(outputs).map(([name, { shape }]) => ({ name, type: 'float32', shape: [...shape] })),
	}
	const deployed = await deployedClassifier(engine, clip, defense, parameters, { textFeatures })
	const program = await exportedProgram(engine, staging, graph)
	try {
		const logits = async (pixels: Parameters<typeof pixelValuesOf>[0]) =>
			runForOutput(program, { pixel_values: pixelValuesOf(pixels, clip.statistics) }, 'logits')
		const measuring = {
			...input,
			clip,
			...defined({ onProgress: input.onProgress.bind(undefined, 'the exported file') }),
		}
		const parity = await measureParity(measuring, deployed, logits)
		const read = half
			? await onnxClassifier(engine, toBinary(ModelProtoSchema, withRoundedWeights(message)))
			: await openOnnxClassifier(engine, join(staging, file))
		const found = await measureRobustness(measuring, read, logits).finally(() => read.release())
		const reference = half ? await measureReference(measuring, deployed, options.maxDrop) : undefined
		return {
			graphs: [graph],
			measured: { parity, ...found, ...defined({ reference }), how: half ? ofHalf : ofFile },
			files: classifierFiles(options.layout, { clip, classNames: defense.classNames }),
		}
	} finally {
		await program.release()
		await deployed.release()
	}
}

/** What a file says of itself to programs that know nothing of it, `naptune attack --onnx` among them. */
export function inputMetadata({ run }: Pick<ExportInput, 'run'>): Record<string, string> {
	const { mean, std } = run.clip.statistics
	return {
		names: JSON.stringify(run.defense.classNames),
		input_layout: 'NCHW',
		input_range: '[0, 1]',
		normalization: JSON.stringify({ inside: false, mean, std }),
	}
}

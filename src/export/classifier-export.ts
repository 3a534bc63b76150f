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
import { exportedProgram, pixelValuesOf, programOf, runForOutput } from './exported-program.js'
import { writeFiles } from './folder.js'
import { inHalfPrecision, withRoundedWeights } from './half-precision.js'
import { imageName, imageShape, preparationAlone, withPreparationInside } from './inside-preparation.js'
import { classifierFiles, classifierPath } from './layouts/layout-files.js'
import { measureParity, measureReference } from './measure-classifier.js'
import { measureFile } from './measure-pipelines.js'
import { measurePreparation } from './measure-preparation.js'
import { modelFiles, modelMessage } from './model-message.js'

const ofFile = 'Answers are those of the exported file in onnxruntime, gradients those of its graph.'
const ofHalf =
	'Answers are those of the exported file in onnxruntime, gradients those of its graph with its rounded weights in float32 arithmetic.'

const ofInside =
	'Both are of the graph behind its preparation of pictures, from `pixel_values` on: the attacker changes the prepared pixels.'

/** Writes the graph of a classifier and measures it. @param staging Folder to write to. */
export async function exportClassifier(input: ExportInput, staging: string): Promise<MadeExport> {
	const { engine, run, options } = input
	const { clip, defense, parameters } = run
	const textFeatures = await computeTextFeatures(engine, defense, parameters, classesPerChunk)
	const outputs = classifierOutputs(run, textFeatures, options)
	const message = await modelMessage(outputs, inputMetadata(input))
	const half = options.dtype === 'fp16'
	const file = classifierPath(options.layout, half ? '_fp16' : '')
	const finished = half ? inHalfPrecision(message) : message
	const inside = options.preprocess === 'inside'
	const config = clip.checkpoint.preprocessor
	await writeFiles(staging, modelFiles(file, inside ? withPreparationInside(finished, config) : finished))
	const { imageSize } = clip.config.vision
	const pixelPort: ExportedGraph['inputs'][number] = {
		name: 'pixel_values',
		type: 'float32',
		shape: [batchSize, 3, imageSize, imageSize],
	}
	const graph: ExportedGraph = {
		role: 'classifier',
		file,
		opset: opsetVersion,
		inputs: inside ? [{ name: imageName, type: 'uint8', shape: [...imageShape] }] : [pixelPort],
		outputs: Object.entries(outputs).map(([name, { shape }]) => ({ name, type: 'float32', shape: [...shape] })),
	}
	const deployed = await deployedClassifier(engine, clip, defense, parameters, { textFeatures })
	// Behind the preparation lies the same graph, which is attacked.
	const program = inside
		? await programOf(engine, toBinary(ModelProtoSchema, finished), { ...graph, inputs: [pixelPort] })
		: await exportedProgram(engine, staging, graph)
	try {
		const logits = async (pixels: Parameters<typeof pixelValuesOf>[0]) =>
			runForOutput(program, { pixel_values: pixelValuesOf(pixels, clip.statistics) }, 'logits')
		const measuring = {
			...input,
			clip,
			...defined({ onProgress: input.onProgress.bind(undefined, 'the exported file') }),
		}
		const parity = await measureParity(measuring, deployed, logits)
		const read =
			half || inside
				? await onnxClassifier(engine, toBinary(ModelProtoSchema, half ? withRoundedWeights(message) : message))
				: await openOnnxClassifier(engine, join(staging, file))
		const found = await measureFile(measuring, read, logits, options.layout).finally(() => read.release())
		const reference = half ? await measureReference(measuring, deployed, options.maxDrop) : undefined
		const preparation = inside
			? await measurePreparation(
					measuring,
					join(staging, file),
					toBinary(ModelProtoSchema, preparationAlone(finished, config)),
					deployed,
				)
			: undefined
		const how = `${half ? ofHalf : ofFile}${inside ? ` ${ofInside}` : ''}`
		return {
			graphs: [graph],
			measured: { parity, ...found, ...defined({ reference, preparation }), how },
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

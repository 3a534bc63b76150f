/**
 * Exports as classifiers that can be attacked: every answer is that of the exported file, gradients are those of its graph. What
 * a graph does to bytes before `pixel_values` has no gradient (they are rounded), so attacks begin behind it.
 */

import { join } from 'node:path'
import { toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'
import { loadClip } from '../checkpoints/load-clip.js'
import type { Classifier } from '../classifier/classifier.js'
import { decorate } from '../classifier/decorate.js'
import { openOnnxClassifier } from '../classifier/files/open-onnx-classifier.js'
import { type OnnxClassifierOptions, onnxClassifier } from '../classifier/onnx-file/onnx-classifier.js'
import { mostRowsPerThread, runPadded } from '../classifier/padded-run.js'
import { at, entry, present } from '../core/at.js'
import { defined } from '../core/defined.js'
import type { Tensor } from '../core/tensor.js'
import { prepareDefense } from '../defenses/registry.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { readJsonFile } from '../files/json-file.js'
import type { DecodedImage } from '../images/decode.js'
import { unitPixels } from '../images/pixels.js'
import { viewOf } from '../images/view.js'
import { weightsBelow } from '../onnx/files/index.js'
import type { Port } from '../onnx/protobuf.js'
import type { ModelEngine } from '../runtime/engine.js'
import { refuseForeignWeights } from '../runtime/node/external-files.js'
import { preparedView } from '../vlm/prepare-image.js'
import { type PreprocessorConfig, parsePreprocessorConfig } from '../vlm/preprocessor-config.js'
import { compiledMessage, type ExportedMessage, exportedMessage } from './exported-message.js'
import { exportedPreparation, pixelValuesPort, unitPixelsOf } from './exported-preparation.js'
import { pixelValuesOf } from './exported-program.js'
import { exportedTexts } from './exported-texts.js'
import { graphPart } from './graph-part.js'
import { graphOf, type LoadedExport } from './load-export.js'
import { inSinglePrecision, isHalf } from './single-precision.js'

/** An export that can be attacked. */
export interface AttackableExport {
	/** Pixels [B, 3, S, S] in [0, 1], as the export prepares them, to logits. */
	readonly classifier: Classifier
	/** A picture prepared as the export does it: [3, S, S] in [0, 1]. */
	prepared(picture: DecodedImage): Promise<Float32Array>
	/** The same as naptune does it, where the export has a preparation of its own in its graph. */
	readonly preparedByNaptune?: (picture: DecodedImage) => Float32Array
	/** What a reader must know before believing the numbers. One sentence each. */
	readonly notices: readonly string[]
	/** Idempotent. */
	release(): Promise<void>
}

/**
 * Opens an export of any kind.
 * @param classNames What a zero-shot export tells apart; a classifier has its own.
 * @throws NaptuneError when files cannot be read or differentiated.
 */
export async function attackableExport(
	engine: ModelEngine,
	exported: LoadedExport,
	classNames: readonly string[],
): Promise<AttackableExport> {
	const { record, folder } = exported
	if (record.layout === 'transformers') return ofWeights(engine, exported, classNames)
	const preparation = await preparationOf(folder)
	const byNaptune = (picture: DecodedImage) =>
		unitPixels(viewOf(picture, { kind: 'prepared', size: record.image.size, preparation }))
	const { mean, std } = record.image
	const options: OnnxClassifierOptions = {
		input: {
			layout: 'nchw',
			range: '0..1',
			normalisation: preparation.doNormalize ? { mean, std } : 'none',
			channelOrder: 'rgb',
		},
		outputKind: 'logits',
	}
	if (record.task === 'zero-shot') {
		const classifier = await ofOpenVocabulary(engine, exported, classNames, options)
		return { ...outside(classifier, byNaptune), notices: [] }
	}
	const own = { ...options, classNames: record.classNames, output: 'logits' }
	const graph = graphOf(record, 'classifier')
	const inside = record.preprocess === 'inside'
	if (!inside && record.dtype === 'fp32') {
		const classifier = await openOnnxClassifier(engine, exported.graphPath(graph), own)
		return { ...outside(classifier, byNaptune), notices: classifier.notices }
	}
	const message = await exportedMessage(exported, graph)
	const classifier = await ofPart(engine, exported, message, { outputs: logitsPort('logits') }, own)
	if (!inside) return { ...outside(classifier, byNaptune), notices: [] }
	const prepare = await exportedPreparation(engine, message, record.image)
	return {
		classifier,
		prepared: async (picture) => unitPixelsOf(await prepare.pixelValues(picture), record.image).data,
		preparedByNaptune: byNaptune,
		notices: [
			'This export prepares pictures in its graph and rounds them there, which no gradient passes: attacked is the graph behind it, where the attacker changes the prepared pixels.',
		],
		async release() {
			await prepare.release()
			await classifier.release()
		},
	}
}

function outside(classifier: Classifier, prepare: (picture: DecodedImage) => Float32Array) {
	return {
		classifier,
		prepared: async (picture: DecodedImage) => prepare(picture),
		release: () => classifier.release(),
	}
}

/** How pictures become pixels, as the export says it. @throws NaptuneError when the file is missing or damaged. */
export async function preparationOf(folder: string): Promise<PreprocessorConfig> {
	const path = join(folder, 'preprocessor_config.json')
	return parsePreprocessorConfig(await readJsonFile(path), path)
}

function logitsPort(name: string): Port[] {
	return [{ name, type: 'float32', shape: ['batch_size', 'classes'] }]
}

/** A zero-shot model with the texts of some classes fixed, as its own text tower reads them. */
async function ofOpenVocabulary(
	engine: ModelEngine,
	exported: LoadedExport,
	classNames: readonly string[],
	options: OnnxClassifierOptions,
): Promise<Classifier> {
	const texts = await exportedTexts(engine, exported)
	const text_embeds = await texts.embeds(classNames).finally(() => texts.release())
	const message = await exportedMessage(exported, graphOf(exported.record, 'zero-shot'))
	const output = 'logits_per_image'
	return ofPart(
		engine,
		exported,
		message,
		{ fixed: { text_embeds }, outputs: logitsPort(output) },
		{ ...options, classNames, output },
	)
}

/** The part of a file from `pixel_values` on. In float16 the file itself answers, and its weights in float32 give the gradient. */
async function ofPart(
	engine: ModelEngine,
	{ folder, record }: LoadedExport,
	message: ExportedMessage,
	part: { readonly fixed?: Readonly<Record<string, Tensor>>; readonly outputs: readonly Port[] },
	options: OnnxClassifierOptions,
): Promise<Classifier> {
	const feeds = [pixelValuesPort(record.image)]
	const model = graphPart(message.model, { ...part, feeds })
	const half = isHalf(model)
	const bytes = toBinary(ModelProtoSchema, half ? inSinglePrecision(model) : model)
	const [external] = message.externalFiles
	const read = await onnxClassifier(engine, bytes, {
		...options,
		...defined({ weights: external === undefined ? undefined : weightsBelow(join(external, '..')) }),
		checkWeights: (files) => refuseForeignWeights(external ?? folder, files),
	})
	if (!half) return read
	const program = await compiledMessage(
		engine,
		{ ...message, model },
		{ inputs: feeds, outputs: part.outputs },
		'float16',
	)
	const { name } = at(part.outputs, 0)
	return decorate(read, {
		taps: ['logits'],
		async evaluate(_, pixels) {
			const fed = { pixel_values: pixelValuesOf(pixels, record.image) }
			const most = mostRowsPerThread * engine.threads
			const found = await runPadded(program, present(pixels.shape[0], 'batch'), fed, {}, { most })
			return { logits: entry(found, name) as Tensor<'float32'> }
		},
		async release(inner) {
			await program.release()
			await inner.release()
		},
	})
}

/** Weights of a CLIPModel: a CLIP whose prompts hold the added tokens. */
async function ofWeights(
	engine: ModelEngine,
	{ folder, record }: LoadedExport,
	classNames: readonly string[],
): Promise<AttackableExport> {
	const { clip, defense } = await exportedWeights({ folder, record }, classNames)
	const classifier = await deployedClassifier(engine, clip, defense, {})
	const view = preparedView(clip)
	return { ...outside(classifier, (picture) => unitPixels(viewOf(picture, view))), notices: [] }
}

/** The checkpoint of an export in layout `transformers`, with the prompts that hold what was learned. */
export async function exportedWeights(
	{ folder, record }: Pick<LoadedExport, 'folder' | 'record'>,
	classNames: readonly string[] = record.classNames,
) {
	const clip = await loadClip(folder)
	const { hypothesisTemplate } = present(record.text, 'texts in export.json')
	return { clip, defense: prepareDefense('vanilla', clip, classNames, { templates: [hypothesisTemplate] }) }
}

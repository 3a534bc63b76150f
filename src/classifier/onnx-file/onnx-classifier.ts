/** Makes an attackable classifier from any ONNX image classifier, without preparing the model. */

import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { describeModel, leavesOf, ops, readModel, type Value, type WeightsFiles } from '../../onnx/index.js'
import type { ClassNamesFrom } from '../../records/onnx-attack.js'
import type { CompileOptions, Engine } from '../../runtime/engine.js'
import { batchSymbol, pixelsName } from '../classifier-programs.js'
import { createGraphClassifier, type GraphClassifier } from '../graph-classifier.js'
import { metadataClasses } from './onnx-classes.js'
import {
	asModelInput,
	guessNotice,
	type InputDeclaration,
	type ModelInput,
	metadataInput,
	modelInput,
} from './onnx-input.js'
import { type LogitsFrom, type ModelOutput, modelOutput, type OutputDeclaration } from './onnx-output.js'

/** What is known about a model; the rest comes from the file or is guessed. */
export interface OnnxClassifierOptions extends OutputDeclaration {
	readonly input?: InputDeclaration
	/** Class names in logit order. Default: from the file's metadata, or the positions as text. */
	readonly classNames?: readonly string[]
	readonly compileOptions?: CompileOptions
	/** Rows of every run, as in `createGraphClassifier`. */
	readonly fixedBatch?: number
}

/** Where a model's bytes come from. */
export interface OnnxSource {
	/** Name for the compiled programs, such as the file name. Default `model`. */
	readonly name?: string
	/** External weight files, see `readModel`. Default: the bytes contain all weights. */
	readonly weights?: WeightsFiles
	/** Called with the external weight files before any is read; throws if one is not allowed. */
	readonly checkWeights?: (files: readonly string[]) => void
}

/** A classifier from an ONNX model, and what was learned about the model. */
export interface OnnxModelClassifier extends GraphClassifier {
	/** What the file says about itself. */
	readonly graph: {
		readonly opset: number
		readonly producer: string
		readonly metadata: Readonly<Record<string, string>>
		/** External files that hold weights of the logits, sorted. */
		readonly weightFiles: readonly string[]
	}
	/** How pixels in [0, 1] reach the model, and which parts were guessed. */
	readonly input: ModelInput
	readonly output: { readonly name: string; readonly from: LogitsFrom }
	/** Source of the class names. */
	readonly classNamesFrom: ClassNamesFrom
	/** What readers must know before they trust the numbers, one sentence each. */
	readonly notices: readonly string[]
}

/**
 * A classifier of images [B, C, H, W] in [0, 1], red first, which it passes to the model as declared. A model that takes
 * exactly one image runs image by image. Besides `logits`, every output whose first axis is the batch is a tap under its own
 * name.
 * @param bytes The content of an `.onnx` file.
 * @throws NaptuneError if naptune cannot read or differentiate the model (listing all unsupported operators), or if it is
 * not an image classifier as declared.
 * @example
 * const bytes = new Uint8Array(await (await fetch('model.onnx')).arrayBuffer())
 * const classifier = await onnxClassifier(engine, bytes, { input: { normalisation: 'imagenet' } })
 */
export async function onnxClassifier(
	engine: Engine,
	bytes: Uint8Array,
	{ name = 'model', weights, checkWeights, ...options }: OnnxClassifierOptions & OnnxSource = {},
): Promise<OnnxModelClassifier> {
	const description = describeModel(bytes)
	const declared = modelInput(description, { ...metadataInput(description.metadata), ...options.input })
	const build = (pixels: Value): ModelOutput & { readonly others: Readonly<Record<string, Value>> } => {
		const inputs = { [declared.name]: asModelInput(pixels, declared) }
		const { outputs } = readModel(bytes, { ...defined({ weights }), inputs })
		return { ...modelOutput(outputs, options), others: otherTaps(outputs, pixels) }
	}
	const { oneImage, output } = tried(declared, build)
	checkWeights?.(weightFiles(output.logits))
	const input = { ...declared, oneImage }
	const names = classNamesOf(options.classNames, description.metadata, output.classes)
	const classifier = await createGraphClassifier({
		engine,
		classNames: names.classNames,
		imageShape: input.shape,
		oneImage,
		build: (pixels) => {
			const { logits, others } = build(pixels)
			return { ...others, logits }
		},
		compileOptions: { name, ...options.compileOptions },
		...defined({ fixedBatch: options.fixedBatch }),
	})
	const { opset, producer, metadata } = description
	return Object.assign(classifier, {
		graph: { opset, producer, metadata, weightFiles: weightFiles(output.logits) },
		input,
		output: { name: output.name, from: output.from },
		classNamesFrom: names.from,
		notices: noticesOf(declared, oneImage, output),
	})
}

/** Readable outputs besides the logits, by name: float32, batch first. */
function otherTaps(outputs: Readonly<Record<string, Value>>, pixels: Value): Readonly<Record<string, Value>> {
	const readable = ({ type, shape }: Value) => type === 'float32' && shape.length > 0 && shape[0] === pixels.shape[0]
	return Object.fromEntries(Object.entries(outputs).filter(([, value]) => readable(value)))
}

/** Builds the graph once: for any number of images if the file and its graph allow it, otherwise for one. */
function tried(input: ModelInput, build: (pixels: Value) => ModelOutput): { oneImage: boolean; output: ModelOutput } {
	const buildFor = (batch: number | string) => build(ops.input(pixelsName, 'float32', [batch, ...input.shape]))
	if (input.oneImage) return { oneImage: true, output: buildFor(1) }
	try {
		return { oneImage: false, output: withRows(buildFor(batchSymbol)) }
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		try {
			return { oneImage: true, output: buildFor(1) }
		} catch {
			throw error
		}
	}
}

/** @throws NaptuneError if a graph for many images does not return one row for each. */
function withRows(output: ModelOutput): ModelOutput {
	if (output.logits.shape[0] === batchSymbol) return output
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`The output ${output.name} is [${output.logits.shape.join(', ')}], not one row per image.`,
	)
}

function classNamesOf(
	given: readonly string[] | undefined,
	metadata: Readonly<Record<string, string>>,
	classes: number,
): { readonly classNames: readonly string[]; readonly from: OnnxModelClassifier['classNamesFrom'] } {
	if (given) {
		if (given.length === classes && new Set(given).size === classes) return { classNames: given, from: 'given' }
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The model distinguishes ${classes} classes, but ${given.length} names were given${given.length === classes ? ', two of them equal' : ''}.`,
		)
	}
	const stored = metadataClasses(metadata, classes)
	if (stored) return { classNames: stored, from: 'metadata' }
	return { classNames: Array.from({ length: classes }, (_, at) => String(at)), from: 'positions' }
}

function weightFiles(logits: Value): string[] {
	const files = new Set<string>()
	for (const { source } of leavesOf([logits])) if (source.kind === 'external') files.add(source.reference.file)
	return [...files].sort()
}

function noticesOf(declared: ModelInput, oneImage: boolean, output: ModelOutput): string[] {
	const guess = guessNotice(declared)
	const probabilities = {
		output: undefined,
		'before softmax': `The output ${output.name} holds probabilities. Their gradient vanishes where a model is certain, which hides it from attacks, so naptune attacks the logits before the softmax.`,
		'before sigmoid': `The output ${output.name} ends in a sigmoid; naptune attacks the values before it as logits.`,
		'log of probabilities': `The output ${output.name} holds probabilities; naptune attacks their logarithms. Probabilities that round to 0 or 1 have no gradient, which hides the model from attacks.`,
	}[output.from]
	const slow =
		oneImage && !declared.oneImage
			? 'The graph takes one image at a time, although its batch axis is open; images run one by one.'
			: undefined
	const two = output.oneNumber
		? `The output ${output.name} is one number per image: a model with two classes, whose logits are 0 and that number.`
		: undefined
	return [guess, two, probabilities, slow].filter((notice) => notice !== undefined)
}

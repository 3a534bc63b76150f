/** Any ONNX file of an image classifier as a classifier that can be attacked, with nothing prepared in it. */

import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { sha256OfBytes, sha256OfFile } from '../../files/sha256.js'
import { weightsBelow } from '../../onnx/files/index.js'
import { describeModel, leavesOf, ops, readModel, type Value } from '../../onnx/index.js'
import type { ClassNamesFrom } from '../../records/onnx-attack.js'
import type { CompileOptions, Engine } from '../../runtime/engine.js'
import { refuseForeignWeights } from '../../runtime/node/external-files.js'
import { refuseBrokenModel } from '../../runtime/node/original-model.js'
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

/** What is known of a model; whatever is left out is taken from the file or guessed. */
export interface OnnxClassifierOptions extends OutputDeclaration {
	readonly input?: InputDeclaration
	/** Class names in logit order; by default those of the file's metadata, else the positions as text. */
	readonly classNames?: readonly string[]
	readonly compileOptions?: CompileOptions
	/** Rows of every run, as in `createGraphClassifier`. */
	readonly fixedBatch?: number
}

/** A classifier from an ONNX file, and all that a record says of it. */
export interface OnnxClassifier extends GraphClassifier {
	readonly model: {
		readonly path: string
		readonly sha256: string
		/** SHA-256 of files that hold weights, by name. */
		readonly weights: Readonly<Record<string, string>>
		readonly opset: number
		readonly producer: string
	}
	/** How pixels in [0, 1] are given to the model, and what of it was guessed. */
	readonly input: ModelInput
	readonly output: { readonly name: string; readonly from: LogitsFrom }
	/** Where class names are from. */
	readonly classNamesFrom: ClassNamesFrom
	/** What a person must be told before numbers are believed. One sentence each. */
	readonly notices: readonly string[]
}

/**
 * Opens a model: the classifier takes images [B, C, H, W] in [0, 1], red first, and gives them to the model as declared.
 * A model of exactly one image is run image by image. Its outputs with the batch first are taps by their names, besides
 * `logits`.
 * @throws NaptuneError naming the file when onnxruntime refuses it as it is, when it is not a model that can be read and
 * differentiated (unsupported operators all at once), or not a classifier of images as declared.
 */
export async function openOnnxClassifier(
	engine: Engine,
	path: string,
	options: OnnxClassifierOptions = {},
): Promise<OnnxClassifier> {
	const bytes = await readBytes(path)
	return named(path, async () => {
		const whole = refuseBrokenModel(path)
		// What is wrong by our own reading is told first, in words that fit.
		whole.catch(() => {})
		const description = describeModel(bytes)
		const declared = modelInput(description, { ...metadataInput(description.metadata), ...options.input })
		const build = (pixels: Value): ModelOutput & { readonly others: Readonly<Record<string, Value>> } => {
			const inputs = { [declared.name]: asModelInput(pixels, declared) }
			const { outputs } = readModel(bytes, { weights: weightsBelow(dirname(path)), inputs })
			return { ...modelOutput(outputs, options), others: otherTaps(outputs, pixels) }
		}
		const { oneImage, output } = tried(declared, build)
		refuseForeignWeights(path, externalFiles(output.logits))
		await whole
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
			compileOptions: { name: basename(path), ...options.compileOptions },
			...defined({ fixedBatch: options.fixedBatch }),
		})
		return {
			...classifier,
			model: {
				path: resolve(path),
				sha256: sha256OfBytes(bytes),
				weights: await weightFiles(output.logits, dirname(path)),
				opset: description.opset,
				producer: description.producer,
			},
			input,
			output: { name: output.name, from: output.from },
			classNamesFrom: names.from,
			notices: noticesOf(declared, oneImage, output),
		}
	})
}

async function readBytes(path: string): Promise<Uint8Array> {
	try {
		return await readFile(path)
	} catch (cause) {
		throw new NaptuneError(`The model ${path} cannot be read; check the path and its permissions.`, { cause })
	}
}

async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
	try {
		return await work()
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		throw new NaptuneError(`${path}: ${error.message}`, { cause: error })
	}
}

/** Outputs that can be read beside the logits, by name: float32, the batch first. */
function otherTaps(outputs: Readonly<Record<string, Value>>, pixels: Value): Readonly<Record<string, Value>> {
	const readable = ({ type, shape }: Value) => type === 'float32' && shape.length > 0 && shape[0] === pixels.shape[0]
	return Object.fromEntries(Object.entries(outputs).filter(([, value]) => readable(value)))
}

/** Builds the graph once: of any number of images where the file and its graph allow it, else of one. */
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

/** @throws NaptuneError when a graph of many images does not give one row to each. */
function withRows(output: ModelOutput): ModelOutput {
	if (output.logits.shape[0] === batchSymbol) return output
	throw new NaptuneError(`The output ${output.name} is [${output.logits.shape.join(', ')}], not one row per image.`)
}

function classNamesOf(
	given: readonly string[] | undefined,
	metadata: Readonly<Record<string, string>>,
	classes: number,
): { readonly classNames: readonly string[]; readonly from: OnnxClassifier['classNamesFrom'] } {
	if (given) {
		if (given.length === classes && new Set(given).size === classes) return { classNames: given, from: 'given' }
		throw new NaptuneError(
			`The model tells ${classes} classes apart, but ${given.length} names were given${given.length === classes ? ', of which two are the same' : ''}.`,
		)
	}
	const stored = metadataClasses(metadata, classes)
	if (stored) return { classNames: stored, from: 'metadata' }
	return { classNames: Array.from({ length: classes }, (_, at) => String(at)), from: 'positions' }
}

/** Files that hold weights, sorted. */
function externalFiles(logits: Value): string[] {
	const files = new Set<string>()
	for (const { source } of leavesOf([logits])) if (source.kind === 'external') files.add(source.reference.file)
	return [...files].sort()
}

async function weightFiles(logits: Value, directory: string): Promise<Record<string, string>> {
	const hashes: Record<string, string> = {}
	for (const file of externalFiles(logits)) hashes[file.slice(directory.length + 1)] = await sha256OfFile(file)
	return hashes
}

function noticesOf(declared: ModelInput, oneImage: boolean, output: ModelOutput): string[] {
	const guess = guessNotice(declared)
	const probabilities = {
		output: undefined,
		'before softmax': `The output ${output.name} holds probabilities. Where a model is certain, their gradient vanishes and hides it from attacks, so the logits before the softmax are attacked.`,
		'before sigmoid': `The output ${output.name} ends in a sigmoid; the values before it are attacked as logits.`,
		'log of probabilities': `The output ${output.name} holds probabilities; their logarithms are attacked. Probabilities that round to 0 or 1 have no gradient and hide the model from attacks.`,
	}[output.from]
	const slow =
		oneImage && !declared.oneImage
			? 'The graph works for one image at a time only, although its batch axis is open; images are run one by one.'
			: undefined
	const two = output.oneNumber
		? `The output ${output.name} is one number per image: a model of two classes, whose logits are 0 and that number.`
		: undefined
	return [guess, two, probabilities, slow].filter((notice) => notice !== undefined)
}

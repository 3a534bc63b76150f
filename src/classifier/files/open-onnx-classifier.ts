/** ONNX files as classifiers. What opens files is here, apart from what a browser loads. */

import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { sha256OfBytes, sha256OfFile } from '../../files/sha256.js'
import { weightsBelow } from '../../onnx/files/index.js'
import type { Engine } from '../../runtime/engine.js'
import { refuseForeignWeights } from '../../runtime/node/external-files.js'
import { refuseBrokenModel } from '../../runtime/node/original-model.js'
import { type OnnxClassifierOptions, type OnnxModelClassifier, onnxClassifier } from '../onnx-file/onnx-classifier.js'

/** A classifier from an ONNX file, and all that a record says of it. */
export interface OnnxClassifier extends OnnxModelClassifier {
	readonly model: {
		readonly path: string
		readonly sha256: string
		/** SHA-256 of files that hold weights, by name. */
		readonly weights: Readonly<Record<string, string>>
		readonly opset: number
		readonly producer: string
	}
}

/**
 * Opens a model: the classifier takes images [B, C, H, W] in [0, 1], red first, and gives them to the model as declared.
 * A model of exactly one image is run image by image. Its outputs with the batch first are taps by their names, besides
 * `logits`.
 * @param path Of the `.onnx` file; weights beside it are read from where they are.
 * @param options What is known of it; see {@link onnxClassifier}.
 * @throws NaptuneError naming the file when onnxruntime refuses it as it is, when it is not a model that can be read and
 * differentiated (unsupported operators all at once), or not a classifier of images as declared.
 * @example
 * const classifier = await openOnnxClassifier(engine, 'resnet50.onnx', { input: { normalisation: 'imagenet' } })
 * for (const notice of classifier.notices) console.error(notice)
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
		const directory = dirname(path)
		const classifier = await onnxClassifier(engine, bytes, {
			name: basename(path),
			weights: weightsBelow(directory),
			checkWeights: (files) => refuseForeignWeights(path, files),
			...options,
		})
		await whole.catch(async (error: unknown) => {
			await classifier.release()
			throw error
		})
		const { opset, producer, weightFiles } = classifier.graph
		const model = {
			path: resolve(path),
			sha256: sha256OfBytes(bytes),
			weights: await hashesOf(weightFiles, directory),
			opset,
			producer,
		}
		return Object.assign(classifier, { model })
	})
}

async function readBytes(path: string): Promise<Uint8Array> {
	try {
		return await readFile(path)
	} catch (cause) {
		throw new NaptuneError(
			'NAP_FILE_MISSING',
			`The model ${path} cannot be read; check the path and its permissions.`,
			{ cause },
		)
	}
}

async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
	try {
		return await work()
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		throw new NaptuneError(error.code, `${path}: ${error.message}`, { cause: error })
	}
}

async function hashesOf(files: readonly string[], directory: string): Promise<Record<string, string>> {
	const hashes: Record<string, string> = {}
	for (const file of files) hashes[file.slice(directory.length + 1)] = await sha256OfFile(file)
	return hashes
}

/** Opens ONNX files as classifiers. File access is here, apart from the code that a browser loads. */

import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { sha256OfBytes, sha256OfFile } from '../../files/sha256.js'
import { weightsBelow } from '../../onnx/files/index.js'
import type { Engine } from '../../runtime/engine.js'
import { refuseForeignWeights } from '../../runtime/node/external-files.js'
import { refuseBrokenModel } from '../../runtime/node/original-model.js'
import { type OnnxClassifierOptions, type OnnxModelClassifier, onnxClassifier } from '../onnx-file/onnx-classifier.js'

/** A classifier from an ONNX file, with everything that a record says about it. */
export interface OnnxClassifier extends OnnxModelClassifier {
	readonly model: {
		readonly path: string
		readonly sha256: string
		/** SHA-256 of the files that hold weights, by name. */
		readonly weights: Readonly<Record<string, string>>
		readonly opset: number
		readonly producer: string
	}
}

/**
 * Opens a model: the classifier takes images [B, C, H, W] in [0, 1], red first, and passes them to the model as declared. A
 * model that takes exactly one image runs image by image. Besides `logits`, every output whose first axis is the batch is a
 * tap under its own name.
 * @param path The `.onnx` file; external weights are read in place.
 * @param options What is known about the model; see {@link onnxClassifier}.
 * @throws NaptuneError that names the file if onnxruntime rejects it, if naptune cannot read or differentiate it (listing
 * all unsupported operators), or if it is not an image classifier as declared.
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
		// Our own reader's error comes first, because its wording fits.
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
		throw new NaptuneError('NAP_FILE_MISSING', `Cannot read the model ${path}; check the path and its permissions.`, {
			cause,
		})
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

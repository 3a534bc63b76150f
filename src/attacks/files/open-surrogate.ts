/**
 * Opens surrogates from ONNX files: files of this project describe themselves, other files are guessed at. File access is
 * here, apart from the code that a browser loads.
 */

import { basename } from 'node:path'
import { decorate } from '../../classifier/decorate.js'
import { openOnnxClassifier } from '../../classifier/files/open-onnx-classifier.js'
import type { OnnxClassifierOptions } from '../../classifier/onnx-file/onnx-classifier.js'
import { NaptuneError } from '../../core/errors.js'
import { sha256OfBytes } from '../../files/sha256.js'
import type { Engine } from '../../runtime/engine.js'
import type { Surrogate } from '../algorithms/transfer/surrogate.js'

/** A surrogate with notices for people. */
export interface OpenedSurrogate extends Surrogate {
	/** One sentence each. */
	readonly notices: readonly string[]
}

/**
 * Opens a surrogate. Files of `naptune surrogate` say how they read pixels and name their classes. For other files, class
 * names come from the metadata or, with a notice, from the data.
 * @param classNames Classes of the data, in label order.
 * @param declared What is known about the file, as for `openOnnxClassifier`.
 * @throws NaptuneError as `openOnnxClassifier`, and if a file without class names has a different number of classes.
 * @example
 * const surrogate = await openSurrogate(engine, 'plain.onnx', classNames)
 * const attack = prepareAttack('mi-cwa', { surrogates: [surrogate] })
 */
export async function openSurrogate(
	engine: Engine,
	path: string,
	classNames: readonly string[],
	declared: Omit<OnnxClassifierOptions, 'classNames'> = {},
): Promise<OpenedSurrogate> {
	const classifier = await openOnnxClassifier(engine, path, declared)
	const own = classifier.graph.metadata.kind?.startsWith('naptune surrogate') ?? false
	const { sha256, weights } = classifier.model
	const files = Object.entries(weights)
	// Whether it was declared or guessed makes no difference.
	const { guessed: _, ...input } = classifier.input
	const surrogate = {
		name: basename(path),
		// One fingerprint for a model in several files.
		sha256: files.length === 0 ? sha256 : sha256OfBytes(JSON.stringify([sha256, files])),
		reads: { input, output: classifier.output },
		notices: classifier.notices,
	}
	// A substitute has an embedding and no classes.
	if (classifier.classNamesFrom !== 'positions' || own) return { ...surrogate, classifier }
	if (classifier.classNames.length !== classNames.length) {
		await classifier.release()
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${path} distinguishes ${classifier.classNames.length} classes but names none; the data has ${classNames.length}. Use a surrogate that was trained on this data.`,
		)
	}
	const notice = `${surrogate.name} names no classes, so naptune uses the classes of the data, in their order.`
	return {
		...surrogate,
		classifier: decorate(classifier, { classNames }),
		notices: [...classifier.notices, notice],
	}
}

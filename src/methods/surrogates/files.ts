/** Files of a surrogate: the network, its record, its log, and its training state. */

import { extname } from 'node:path'
import { NaptuneError } from '../../core/errors.js'

/** Paths. */
export interface SurrogateFiles {
	/** The network. */
	readonly model: string
	/** Record of its training and quality; written last. */
	readonly record: string
	/** One JSON record per epoch. */
	readonly log: string
	/** State; exists until training finishes, like the following files. */
	readonly state: string
	/** The latest state from which one further full step was good. */
	readonly lastGood: string
	/** Time spent so far. */
	readonly usage: string
}

/** The files beside a model file. @throws NaptuneError unless its name ends in `.onnx`. */
export function surrogateFiles(model: string): SurrogateFiles {
	if (extname(model).toLowerCase() !== '.onnx') {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The surrogate is an ONNX model, so its name must end in .onnx: for example ${model}.onnx instead of ${model}.`,
		)
	}
	const stem = model.slice(0, -'.onnx'.length)
	return {
		model,
		record: `${stem}.json`,
		log: `${stem}.log.jsonl`,
		state: `${stem}.state.safetensors`,
		lastGood: `${stem}.last-good.safetensors`,
		usage: `${stem}.usage.json`,
	}
}

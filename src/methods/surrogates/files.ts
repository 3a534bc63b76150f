/** Files of a surrogate: the network, its record, its log, and its state while it is trained. */

import { extname } from 'node:path'
import { NaptuneError } from '../../core/errors.js'

/** Paths. */
export interface SurrogateFiles {
	/** The network. */
	readonly model: string
	/** How it was trained and what it is worth; written last. */
	readonly record: string
	/** One JSON record per epoch. */
	readonly log: string
	/** Present until training is finished, as the following. */
	readonly state: string
	/** The latest state from which a whole further step was good. */
	readonly lastGood: string
	/** Time spent so far. */
	readonly usage: string
}

/** The files beside a model file. @throws NaptuneError unless it is called `….onnx`. */
export function surrogateFiles(model: string): SurrogateFiles {
	if (extname(model).toLowerCase() !== '.onnx') {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The surrogate is an ONNX model; ${model} should be called ${model}.onnx or the like.`,
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

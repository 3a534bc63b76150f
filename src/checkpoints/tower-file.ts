/**
 * Replaces a tower of a model from a file of one tower, the form in which FARE, TeCoA and halves of transformers are
 * published.
 */

import { stat } from 'node:fs/promises'
import { NaptuneError } from '../core/errors.js'
import { canonicalStored, withoutPrefix } from './name-prefix.js'
import {
	openClipWeightNames,
	readStoredWeights,
	readWeightsFile,
	type StoredWeights,
	weightFileNames,
} from './weight-files.js'

/** One of a model's towers. */
export type Tower = 'image' | 'text'

/** Prefixes of a tower's names. */
const beginnings: Readonly<Record<Tower, readonly string[]>> = {
	image: ['vision_model.', 'visual_projection.'],
	text: ['text_model.', 'text_projection.'],
}

const published: Readonly<Record<Tower, string>> = {
	image: "open_clip's image tower, as FARE and TeCoA are released, or of transformers' CLIPVisionModelWithProjection",
	text: "open_clip's text tower, or of transformers' CLIPTextModelWithProjection",
}

/**
 * A model with a tower of a file. Its other tower, logit scale and config stay.
 * @param base Its weights by transformers' names.
 * @param path A state dict of the tower alone (in open_clip's names with or without `visual.` or `text.`) or of a whole model,
 * or a folder that holds one by its usual name.
 * @param expected Shape of each weight of the whole model.
 * @throws NaptuneError when the file cannot be read, or does not hold every weight of the tower.
 */
export async function withTower(
	base: StoredWeights,
	tower: Tower,
	path: string,
	expected: ReadonlyMap<string, readonly number[]>,
): Promise<StoredWeights> {
	const option = tower === 'image' ? '--vision-weights' : '--text-weights'
	const status = await stat(path).catch(() => undefined)
	if (!status) {
		throw new NaptuneError(
			'NAP_MODEL_MISSING',
			`There is no file ${path}. Pass the state dict of the ${tower} tower to ${option}.`,
		)
	}
	const read = status.isDirectory()
		? await readStoredWeights(path, [...weightFileNames, ...openClipWeightNames])
		: await readWeightsFile(path)
	const ofTower = new Map([...expected].filter(([name]) => beginnings[tower].some((start) => name.startsWith(start))))
	const { tensors } = withoutPrefix(canonicalStored(read, tower).weights, ofTower).weights
	const own = new Map([...tensors].filter(([name]) => ofTower.has(name)))
	const lacking = [...ofTower.keys()].filter((name) => !own.has(name))
	if (lacking.length > 0) {
		throw new NaptuneError(
			'NAP_MODEL_INVALID',
			own.size === 0
				? `${path} holds no ${tower} tower; its first names are ${[...read.tensors.keys()].slice(0, 5).join(', ')}. Use the state dict of ${published[tower]}.`
				: `${path} lacks ${lacking.length} weights of the ${tower} tower, such as ${lacking.slice(0, 5).join(', ')}. Use the state dict of the whole tower, of the same architecture as --model.`,
		)
	}
	return {
		format: base.format === read.format ? base.format : 'pytorch',
		files: [...base.files, ...read.files],
		tensors: new Map([...base.tensors, ...own]),
	}
}

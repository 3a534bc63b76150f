/** Another image tower for a CLIP: files that hold that tower alone, as FARE and TeCoA are released. */

import { stat } from 'node:fs/promises'
import { NaptuneError } from '../core/errors.js'
import { canonicalStored } from './name-prefix.js'
import { readWeightsFile, type StoredWeights } from './weight-files.js'

/** Names of an image tower's weights. */
const isOfTower = (name: string) => name.startsWith('vision_model.') || name.startsWith('visual_projection.')

/**
 * A model with the image tower of a file. Its text tower, logit scale and config stay.
 * @param file State dict of open_clip's image tower (its names with or without `visual.`), of a whole CLIP, or of
 * transformers' CLIPVisionModelWithProjection.
 * @throws NaptuneError when the file cannot be read, or does not hold every weight of the tower.
 */
export async function withImageTower(base: StoredWeights, file: string): Promise<StoredWeights> {
	if (!(await stat(file).catch(() => undefined))) {
		throw new NaptuneError(
			'NAP_MODEL_MISSING',
			`The file ${file} does not exist. --vision-weights takes the state dict of an image tower.`,
		)
	}
	const tower = await readWeightsFile(file)
	const own = new Map([...canonicalStored(tower, 'image').weights.tensors].filter(([name]) => isOfTower(name)))
	const { weights } = canonicalStored(base)
	const missing = [...weights.tensors.keys()].filter((name) => isOfTower(name) && !own.has(name))
	// transformers keeps the numbers of positions as a tensor, which no one needs.
	const lacking = missing.filter((name) => !name.endsWith('position_ids'))
	if (own.size === 0 || lacking.length > 0) {
		throw new NaptuneError(
			'NAP_MODEL_INVALID',
			own.size === 0
				? `${file} holds no image tower of a CLIP; its first names are ${[...tower.tensors.keys()].slice(0, 5).join(', ')}. Use the state dict of open_clip's image tower, as in the releases of FARE and TeCoA.`
				: `${file} lacks ${lacking.length} weights of the image tower, such as ${lacking.slice(0, 5).join(', ')}. Use the state dict of the whole tower, with the same architecture as --model.`,
		)
	}
	return {
		format: base.format === tower.format ? base.format : 'pytorch',
		files: [...base.files, file],
		tensors: new Map([...weights.tensors, ...own]),
	}
}

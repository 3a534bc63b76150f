/** Contrastive pre-training of a small CLIP on labelled images and sampled captions. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { range } from '../../core/rows.js'
import { makeFolder } from '../../files/make-folder.js'
import { generator, permutation } from '../../random/counter-based.js'
import type { PretrainingRecord } from '../../records/run.js'
import { type TrainingFollower, train } from '../../training/loop.js'
import type { TensorSet } from '../../training/tensor-set.js'
import { parseClipConfig } from '../../vlm/config.js'
import { expectedWeights } from '../../vlm/expected-weights.js'
import { parsePreprocessorConfig } from '../../vlm/preprocessor-config.js'
import { stepsPerEpoch } from './batches.js'
import { finalWeights, type PretrainingParts, pretrainingTask } from './pretraining-task.js'
import type { PretrainingGeometry } from './program.js'
import type { PretrainingRecipe } from './recipe.js'

export type { PretrainingRecord } from '../../records/run.js'

/** The input of {@link pretrain}. */
export interface PretrainingInput
	extends Omit<PretrainingParts, 'geometry' | 'training' | 'heldOut'>,
		Pick<TrainingFollower<PretrainingRecord>, 'onNotice' | 'onSaved' | 'signal'> {
	/** Indices of images that training must never use. */
	readonly excluded: ReadonlySet<number>
	/** Called after every step. */
	readonly onStep?: (done: number, total: number, loss: number) => void
	readonly onRecord?: (record: PretrainingRecord) => void
}

/** A finished pre-training. */
export interface PretrainingResult {
	/** The averaged weights, or the last ones if the recipe does not average. */
	readonly weights: TensorSet
	/** Wall-clock time, summed over all its processes. */
	readonly seconds: number
}

/** The geometry in a recipe's configs. @throws NaptuneError when they do not describe a usable CLIP. */
export function pretrainingGeometry(recipe: PretrainingRecipe): PretrainingGeometry {
	const config = parseClipConfig(recipe.config, 'the config of the recipe')
	const { mean, std } = parsePreprocessorConfig(recipe.preprocessor, 'the preprocessor of the recipe')
	return {
		vision: config.vision,
		text: config.text,
		statistics: { mean, std },
		shapes: expectedWeights(config),
	}
}

/**
 * Runs a recipe to its end, continuing a saved state in `output` if there is one.
 * @returns Undefined when stopped early.
 * @throws NaptuneError when a loss or gradient is not finite (the last saved state stays), the saved state is damaged, or
 * the input does not fit.
 */
export async function pretrain(input: PretrainingInput): Promise<PretrainingResult | undefined> {
	const { recipe, data, excluded, output, onStep, onRecord, onNotice, onSaved, signal } = input
	const geometry = pretrainingGeometry(recipe)
	if (data.size < geometry.vision.imageSize) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The images are ${data.size} pixels wide, but the recipe's model reads ${geometry.vision.imageSize}.`,
		)
	}
	await makeFolder(output)
	const allowed = range(0, data.labels.length).filter((index) => !excluded.has(index))
	const shuffled = permutation(generator(recipe.seed, 'held-out'), allowed.length).map((index) => at(allowed, index))
	const [heldOut, training] = [shuffled.slice(0, recipe.heldOutImages), shuffled.slice(recipe.heldOutImages)]
	if (stepsPerEpoch(training.length, recipe.batchSize) === 0) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`A batch of ${recipe.batchSize} is larger than the ${training.length} training images.`,
		)
	}
	const { state, finished } = await train(pretrainingTask({ ...input, geometry, training, heldOut }), {
		onStep: onStep && ((done, total, { loss = Number.NaN }) => onStep(done, total, loss)),
		onLine: onRecord,
		onNotice,
		onSaved,
		signal,
	})
	return finished ? { weights: finalWeights(state, recipe), seconds: state.usage.seconds } : undefined
}

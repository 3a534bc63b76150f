/** The epsilon of a run that names none: the size at which vanilla CLIP breaks on validation images. */

import { prepareAttack } from '../../attacks/registry.js'
import { isRobust } from '../../attacks/run/attack-outcomes.js'
import { epsilonText } from '../../attacks/sets/size-text.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { last } from '../../core/at.js'
import type { Dataset } from '../../data/dataset.js'
import { atMost } from '../../data/subsets.js'
import { controlDefense } from '../../evaluation/deployed/control.js'
import { deployedClassifier } from '../../evaluation/deployed/deployed-classifier.js'
import { evaluate } from '../../evaluation/robustness/evaluate.js'
import { counted } from '../../report/number-text.js'
import type { ClipModel } from '../../vlm/model.js'
import { type JobContext, startTask } from '../job.js'
import { readableImages } from './images.js'
import { stopped } from './stopped.js'

/** Sizes to try, in units of 1/255. */
const sizes = [1, 2, 3, 4, 8]
const attackName = 'pgd-20'
const mostImages = 50
/** Largest share of the images that vanilla gets right when clean which a broken model may still get right. */
const share = 1 / 4

/** What to measure, and on which data. */
export interface BreakingEpsilonInput {
	readonly clip: ClipModel
	readonly dataset: Dataset
	/** Seed of the attack and of the choice of images. */
	readonly seed: number
	/** What to do with unreadable images. */
	readonly unreadable: 'stop' | 'exclude'
}

/** The measured epsilon. */
export interface BreakingEpsilon {
	/** In pixel units of [0, 1]. */
	readonly epsilon: number
	/** Explains the choice to a person: its value, its rule, and how to choose another. */
	readonly text: string
}

/**
 * The smallest of 1, 2, 3, 4 and 8/255 at which PGD-20 leaves vanilla CLIP at most a quarter of the images that it gets
 * right, or 8/255 if none does. At a size that the model already withstands, tuning could only cost clean accuracy. Released
 * CLIPs break at 1/255; a small model with coarse patches needs more. It attacks up to 50 validation images, or training
 * images if there are none; never test images.
 * @throws NaptuneError with code NAP_STOPPED when the signal stops it, or for unusable images.
 */
export async function breakingEpsilon(
	context: Pick<JobContext, 'engine' | 'imageLoader' | 'onNote' | 'onProgress' | 'signal'>,
	{ clip, dataset: whole, seed, unreadable }: BreakingEpsilonInput,
): Promise<BreakingEpsilon> {
	const part = whole.validation.length > 0 ? 'validation' : 'train'
	const few = atMost(whole[part], mostImages, seed)
	const { dataset, split } = await readableImages(context, whole, few, part, unreadable)
	const classifier = await deployedClassifier(await context.engine(), clip, controlDefense(clip, dataset), {})
	const attack = prepareAttack(attackName)
	const task = startTask(context, 'measuring where vanilla CLIP breaks', sizes.length, 'sizes')
	const right: string[] = []
	let clean = 0
	try {
		for (const [tried, size] of sizes.entries()) {
			task.update(tried)
			const threat = threatModel('linf', size / 255)
			const { signal } = context
			const result = await evaluate({ clip, split, classifier, attack, threatModel: threat, seed, signal })
			if (!result) throw stopped('Stopped before the first step finished, so there is nothing to save.')
			const robust = result.outcomes.filter(isRobust).length
			clean = result.outcomes.filter(({ label, cleanPrediction }) => cleanPrediction === label).length
			right.push(`${robust} at ${epsilonText(threat.epsilon)}`)
			if (robust <= share * clean)
				return { epsilon: threat.epsilon, text: chosen(threat.epsilon, 'where it keeps at most a quarter of these') }
		}
	} finally {
		task.end()
		// Tuning comes next and needs this memory for its programs.
		await classifier.release()
	}
	const largest = last(sizes) / 255
	return { epsilon: largest, text: chosen(largest, 'the largest size tried') }

	function chosen(epsilon: number, why: string): string {
		const images = counted(split.length, part === 'train' ? 'training image' : 'validation image')
		return `Vanilla CLIP gets ${clean} of ${images} right; under ${attackName} ${right.join(', ')}. No epsilon was given, so this run takes ${epsilonText(epsilon)}, ${why}; --epsilon sets another.`
	}
}

/**
 * Binds a method to model and classes and checks that it can be tuned as configured, before anything is written or computed.
 */

import { NaptuneError } from '../../core/errors.js'
import type { Dataset } from '../../data/dataset.js'
import { fewShot } from '../../data/few-shot.js'
import { type Defense, parameterInputs } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { tuningLosses } from '../../defenses/tuning-losses.js'
import { ops } from '../../onnx/graph.js'
import type { ClipModel } from '../../vlm/model.js'
import type { TuningConfig } from './configuration.js'

/** Defense and data of a run, before unreadable images are excluded. */
export interface PreparedRun {
	readonly defense: Defense
	/** The few-shot sample. */
	readonly sample: Dataset
}

/**
 * The defense of a configuration, and its training sample.
 * @throws NaptuneError as {@link prepareTuning} does, and when there are no training images.
 */
export function prepareRun({ clip, dataset, config }: PrepareRunInput): PreparedRun {
	const defense = prepareTuning(clip, dataset.classNames, config)
	const sample = fewShot(dataset, config.shots, config.seed)
	if (sample.train.length === 0) {
		throw new NaptuneError(
			'NAP_DATA_EMPTY',
			`${dataset.name} has no training images. Give a data set with images to tune on.`,
		)
	}
	return { defense, sample }
}

/** The input of {@link prepareRun}. */
interface PrepareRunInput {
	readonly clip: ClipModel
	readonly dataset: Dataset
	readonly config: TuningConfig
}

/**
 * The defense of a configuration.
 * @throws NaptuneError when its options or its loss do not fit, it learns nothing, or image features should be computed once
 * although the method changes the image tower.
 */
export function prepareTuning(
	clip: ClipModel,
	classNames: readonly string[],
	config: Pick<TuningConfig, 'defense' | 'attack' | 'loss'>,
): Defense {
	const defense = prepareDefense(config.defense.name, clip, classNames, config.defense.options)
	if (defense.parameters.size === 0) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`Defense ${defense.name} learns nothing, so there is nothing to tune. Evaluate it directly.`,
		)
	}
	if (tuningLosses.get(config.loss)?.hasTeacher && !defense.teacher) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`Loss ${config.loss} needs a method with a teacher, and ${defense.name} has none. Choose defense apd, or another loss.`,
		)
	}
	if (config.attack.when === 'once') requireFixedImageTower(clip, defense)
	return defense
}

function requireFixedImageTower(clip: ClipModel, defense: Defense): void {
	const { imageSize } = clip.config.vision
	const { lookup, used } = parameterInputs(defense)
	defense.imageFeatures(ops.input('pixels', 'float32', ['B', 3, imageSize, imageSize]), lookup)
	if (used.size === 0) return
	throw new NaptuneError(
		'NAP_OPTION_CONFLICT',
		`attack.when once computes image features before tuning, but ${defense.name} trains the image tower (${[...used.keys()][0]}), which changes them. Set attack.when to every-step.`,
	)
}

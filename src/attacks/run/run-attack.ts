/** Attacks many images, round by round and batch by batch. */

import type { Classifier } from '../../classifier/classifier.js'
import { type PassCounter, passCounter } from '../../classifier/pass-counter.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { range, takeRows } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { PreparedAttack } from '../attack-definition.js'
import type { ThreatModel } from '../sets/threat-model.js'
import { type AttackOutcome, type AttackTrial, outcomeOf } from './attack-outcomes.js'
import { driveRounds } from './drive-rounds.js'
import { followStates } from './followed-states.js'
import type { ImageStreams } from './image-streams.js'
import { type AttackCounts, tellProgress } from './tell-progress.js'

/** Labelled images, loaded on demand. Positions run from 0 to `ids.length` - 1. */
export interface AttackImages {
	/** Stable, unique image ids. */
	readonly ids: readonly string[]
	/** True labels. */
	readonly labels: readonly number[]
	/** Targets, for a targeted attack. */
	readonly targets?: readonly number[]
	/** Clean images at these positions, [n, 3, H, W] in [0, 1]. */
	pixels(positions: readonly number[]): Promise<Tensor<'float32'>>
}

/** The result of a batch. */
export interface AttackProgress {
	/** Keep these for a resume, in this order. */
	readonly trials: readonly AttackTrial[]
	/** Outcomes of the images that are now finished. */
	readonly outcomes: readonly AttackOutcome[]
	/** Adversarial images [n, 3, H, W] of the attacked ones among these outcomes, in their order; with `keepImages`. */
	readonly images?: Tensor<'float32'>
}

/** The input of {@link runAttack}. */
export interface RunAttackOptions {
	readonly classifier: Classifier
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly images: AttackImages
	readonly streams: ImageStreams
	/** Images per batch, at least 1. */
	readonly batchSize: number
	/** Whether to skip images with a wrong clean prediction, which are errors already. Default: the attack's own choice. */
	readonly skipWrong?: boolean
	/** Trials of an earlier run. */
	readonly earlier?: readonly AttackTrial[]
	/** Whether to return adversarial images. Default false. */
	readonly keepImages?: boolean
	/**
	 * With `keepImages`: whether the adversarial image of an earlier trial is already stored. Images that finished without
	 * being stored are attacked again. Default: all are stored.
	 */
	readonly isKept?: (id: string) => boolean
	/** Also counts the passes of other classifiers, such as surrogates. */
	readonly passes?: PassCounter
	/** Called after every pass through a model. */
	readonly onProgress?: (counts: AttackCounts) => void
}

/**
 * Attacks images and yields the results; leave the loop to stop. It first makes all clean predictions; then every round
 * attacks the images that no earlier one has fooled, in full batches, from the clean images. It classifies each candidate
 * again. To resume, pass the trials that it yielded: on the CPU none depends on its batch. Images that the earlier trials
 * finish come first, without trials or images.
 * @throws NaptuneError if ids, labels and targets do not match, the batch size is not a positive number, or the attack does
 * not support an image (named) or this norm.
 * @example
 * for await (const { outcomes } of runAttack({ classifier, attack, threatModel, images, streams, batchSize: 50 })) {
 *   for (const { id, zeroGradient } of outcomes) if (zeroGradient) console.warn(`${id} showed no gradient`)
 * }
 */
export async function* runAttack(options: RunAttackOptions): AsyncGenerator<AttackProgress, void, undefined> {
	const { attack, images, batchSize, streams, threatModel, keepImages = false, isKept, earlier = [] } = options
	const labels = aimsOf(images, attack)
	if (!Number.isInteger(batchSize) || batchSize < 1) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The batch size of an attack must be a whole number >= 1; got ${batchSize}.`,
		)
	}
	const counter = options.passes ?? passCounter()
	const classifier = counter.watch(options.classifier)
	const rounds = attack.rounds(classifier.classNames.length)
	const states = followStates(
		{ ids: images.ids, labels: images.labels, targets: attack.targeted ? images.targets : undefined },
		{ rounds, skipWrong: options.skipWrong ?? attack.skipsWrong },
	)
	const positions = new Map(images.ids.map((id, position) => [id, position]))
	for (const trial of earlier) {
		const position = positions.get(trial.id)
		if (position !== undefined) states.take(position, trial)
	}
	if (keepImages && isKept) states.forget(({ id, finished, last }) => finished && last !== undefined && !isKept(id))
	const told = tellProgress(options.onProgress, states.all, rounds, counter)
	const outcomesAt = (those: readonly number[]) =>
		those.flatMap((position) => {
			const state = states.at(position)
			return state.finished ? [outcomeOf(state, rounds)] : []
		})
	try {
		const before = outcomesAt(range(0, images.ids.length))
		if (before.length > 0) yield { trials: [], outcomes: before }
		const tried = driveRounds({
			classifier,
			rounds,
			threatModel,
			streams,
			batchSize,
			ids: images.ids,
			labels,
			pixels: (those) => images.pixels(those),
			states,
			onBegin: told.begin,
			onEnd: told.end,
		})
		for await (const { positions: own, trials, candidates } of tried) {
			const kept = own.flatMap((position, row) => (states.at(position).finished ? [row] : []))
			yield {
				trials,
				outcomes: outcomesAt(own),
				...defined({ images: candidates && keepImages && kept.length > 0 ? takeRows(candidates, kept) : undefined }),
			}
		}
	} finally {
		told.close()
	}
}

/** The labels for the rounds: true labels or targets. @throws NaptuneError for missing or duplicate entries. */
function aimsOf({ ids, labels, targets }: AttackImages, { name, targeted }: PreparedAttack): readonly number[] {
	if (labels.length !== ids.length || (targets && targets.length !== ids.length)) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The attack received ${ids.length} images with ${labels.length} labels${targets ? ` and ${targets.length} targets` : ''}; it needs one per image.`,
		)
	}
	if (new Set(ids).size !== ids.length) {
		const twice = ids.find((id, position) => ids.indexOf(id) !== position)
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`Two images have the id ${twice}; ids must be unique, because they key an image's randomness.`,
		)
	}
	if (!targeted) return labels
	if (targets) return targets
	throw new NaptuneError('NAP_OPTION_MISSING', `Attack ${name} is targeted: give a target class for every image.`)
}

/** Clean and robust accuracy of a classifier on a split, with per-image outcomes and everything that it takes to reproduce them. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import {
	type AttackOutcome,
	type AttackTrial,
	cleanRound,
	isRobust,
	stageNames,
} from '../../attacks/run/attack-outcomes.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { type AttackImages, type AttackProgress, runAttack } from '../../attacks/run/run-attack.js'
import type { AttackCounts } from '../../attacks/run/tell-progress.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { type PassCounter, passCounter, passesSince, sumOfPasses } from '../../classifier/pass-counter.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { float32, type Tensor } from '../../core/tensor.js'
import { idsOf, labelsOf, type Split } from '../../data/dataset.js'
import { loadViews } from '../../data/loading/load-views.js'
import type { AttackFindings } from '../../records/evaluation.js'
import type { Accuracy, Passes, StageResult } from '../../records/parts/accuracy.js'
import type { AttackedBatch } from '../../records/parts/outcome.js'
import { wilsonInterval } from '../../statistics/wilson.js'
import type { ClipModel } from '../../vlm/model.js'
import { preparedView } from '../../vlm/prepare-image.js'

export type { Accuracy, StageResult } from '../../records/parts/accuracy.js'

/** The result of an evaluation. */
export type EvaluationResult = AttackFindings & { readonly passes: Passes }

/** How to evaluate a classifier. */
export interface EvaluationOptions {
	readonly classifier: Classifier
	readonly attack: PreparedAttack
	/** Position of the target class of a targeted attack, for all images. */
	readonly target?: number
	readonly threatModel: ThreatModel
	/** Seed of the attack's random choices. */
	readonly seed: number
	/** Images per batch, 50 by default; on the CPU it affects no outcome. */
	readonly batchSize?: number
	/** Trials of an interrupted evaluation whose batches are unknown. */
	readonly earlier?: readonly AttackTrial[]
	/** Batches of an interrupted evaluation, whose time and passes count as well. */
	readonly batches?: readonly AttackedBatch[]
	/** Also counts passes through other models, such as a surrogate. */
	readonly passes?: PassCounter
	/** Called after every pass through the model. */
	readonly onProgress?: (counts: AttackCounts) => void
	/** Called with the result and cost of every batch, to keep for a resume, and with adversarial images if `keepImages` is set. */
	readonly onBatch?: (progress: AttackProgress, batch: AttackedBatch) => Promise<void>
	/** Whether to pass adversarial images to `onBatch`. Default false. */
	readonly keepImages?: boolean
	/** With `keepImages`: whether the image of an earlier trial is already stored; missing ones are made again. */
	readonly isKept?: (id: string) => boolean
	/** Stops after the current batch. */
	readonly signal?: AbortSignal
}

/** The input of {@link evaluate}. */
export interface EvaluateInput extends EvaluationOptions {
	readonly clip: ClipModel
	readonly split: Split
}

/**
 * Evaluates a classifier on a split. Images that are wrong when clean count as errors and are not attacked.
 * @returns The result, or undefined if the signal stopped it.
 * @throws NaptuneError for an empty split or unusable images.
 */
export async function evaluate({ clip, split, ...options }: EvaluateInput): Promise<EvaluationResult | undefined> {
	return evaluateImages(options, splitImages(clip, split))
}

/** The images of a split in the form that attacks take, see {@link preparedImages}. */
export function splitImages(clip: ClipModel, split: Split): AttackImages {
	return {
		ids: idsOf(split),
		labels: labelsOf(split),
		pixels: (positions) => preparedImages(clip, split, positions),
	}
}

/** Evaluates a classifier on any images, as {@link evaluate}. */
export async function evaluateImages(
	options: EvaluationOptions,
	images: Omit<AttackImages, 'targets'>,
): Promise<EvaluationResult | undefined> {
	const { classifier, attack, threatModel, seed, target, batchSize = 50, earlier = [], batches = [], signal } = options
	const { ids } = images
	if (ids.length === 0)
		throw new NaptuneError('NAP_DATA_EMPTY', 'There are no images to evaluate; choose another split.')
	const start = performance.now()
	const passes = options.passes ?? passCounter()
	const finished = new Map<string, AttackOutcome>()
	const rounds = attack.rounds(classifier.classNames.length)
	const stageOf = new Map(rounds.map(({ name, stage }) => [name, stage]))
	const seconds = new Map<string, number>()
	const run = runAttack({
		classifier,
		attack,
		threatModel,
		images: { ...images, ...defined({ targets: target !== undefined ? ids.map(() => target) : undefined }) },
		streams: imageStreams(seed),
		batchSize,
		skipWrong: true,
		earlier: [...earlier, ...batches.flatMap(({ trials }) => trials)],
		passes,
		keepImages: options.keepImages ?? false,
		...defined({
			isKept: options.isKept || undefined,
			onProgress: options.onProgress || undefined,
		}),
	})
	const count = (batch: AttackedBatch) => {
		const stage = stageOf.get(batch.trials[0]?.round ?? cleanRound) ?? cleanRound
		seconds.set(stage, (seconds.get(stage) ?? 0) + batch.seconds)
	}
	for (const batch of batches) count(batch)
	let last = { at: start, passes: passes.passes() }
	for await (const progress of run) {
		for (const outcome of progress.outcomes) finished.set(outcome.id, outcome)
		const now = { at: performance.now(), passes: passes.passes() }
		const batch = {
			trials: progress.trials,
			seconds: (now.at - last.at) / 1000,
			passes: passesSince(last.passes, now.passes),
		}
		last = now
		count(batch)
		await options.onBatch?.(progress, batch)
		if (signal?.aborted) break
	}
	const outcomes = ids.flatMap((id) => finished.get(id) ?? [])
	if (outcomes.length < ids.length) return undefined
	const stages = stageNames(rounds)
	return {
		...summarize(outcomes),
		...(target !== undefined && summarizeTarget(outcomes, target)),
		...defined({
			stages:
				stages.length > 1
					? summarizeStages(outcomes, stages).map((found) => ({ ...found, seconds: seconds.get(found.stage) ?? 0 }))
					: undefined,
		}),
		seconds: batches.reduce((sum, batch) => sum + batch.seconds, 0) + (performance.now() - start) / 1000,
		passes: sumOfPasses([...batches.map((batch) => batch.passes), passes.passes()]),
		outcomes,
	}
}

/** Accuracies of outcomes: robust means right when clean and right under attack. */
export function summarize(outcomes: readonly AttackOutcome[]): Pick<EvaluationResult, 'images' | 'clean' | 'robust'> {
	const images = outcomes.length
	const clean = outcomes.filter(({ label, cleanPrediction }) => cleanPrediction === label)
	return {
		images,
		clean: accuracyOf(clean.length, images),
		robust: accuracyOf(outcomes.filter(isRobust).length, images),
	}
}

/** How many images a targeted attack moved to its target. */
export function summarizeTarget(outcomes: readonly AttackOutcome[], target: number): Pick<EvaluationResult, 'reached'> {
	const others = outcomes.filter(({ attacked, label }) => attacked && label !== target)
	if (others.length === 0) return {}
	const there = others.filter(({ adversarialPrediction }) => adversarialPrediction === target)
	return { reached: accuracyOf(there.length, others.length) }
}

/** What remains after each stage. @param stages Their names, in order; outcomes say which of them fooled the model. */
export function summarizeStages(
	outcomes: readonly AttackOutcome[],
	stages: readonly string[],
): Omit<StageResult, 'seconds'>[] {
	let standing = outcomes.filter(({ label, cleanPrediction }) => cleanPrediction === label)
	return stages.map((stage) => {
		const attacked = standing.length
		standing = standing.filter((outcome) => outcome.stage !== stage)
		return { stage, attacked, robust: accuracyOf(standing.length, outcomes.length) }
	})
}

/** The accuracy of `right` images among `images`. @throws NaptuneError as {@link wilsonInterval}. */
export function accuracyOf(right: number, images: number): Accuracy {
	return { accuracy: right / images, interval: wilsonInterval(right, images) }
}

/** Images as the model reads them, without augmentation: [n, 3, S, S] in [0, 1]. */
export async function preparedImages(
	clip: ClipModel,
	split: Split,
	positions: readonly number[],
): Promise<Tensor<'float32'>> {
	const { imageSize } = clip.config.vision
	const view = preparedView(clip)
	const pixels = await loadViews(split, positions, imageSize, () => view)
	return float32([positions.length, 3, imageSize, imageSize], pixels)
}

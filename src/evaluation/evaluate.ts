/** Clean and robust accuracy of a classifier on a split, with per-image outcomes and everything that reproduces them. */

import type { PreparedAttack } from '../attacks/attack-definition.js'
import type { Classifier } from '../attacks/classifier.js'
import { imageStreams } from '../attacks/image-streams.js'
import { type AttackCounts, type AttackOutcome, runAttack } from '../attacks/run-attack.js'
import type { ThreatModel } from '../attacks/threat-model.js'
import type { ClipModel } from '../clip/model.js'
import { prepareImage } from '../clip/prepare-image.js'
import type { Split } from '../data/dataset.js'
import { NaptuneError } from '../errors.js'
import { float32, type Tensor } from '../onnx/tensor.js'
import { wilsonInterval } from './wilson.js'

/** Accuracy with its 95 % Wilson interval, in [0, 1]. */
export interface Accuracy {
	readonly accuracy: number
	readonly interval: readonly [number, number]
}

/** What an evaluation found. All images count in both denominators; wrong when clean means wrong under attack. */
export interface EvaluationResult {
	readonly images: number
	readonly clean: Accuracy
	readonly robust: Accuracy
	readonly seconds: number
	/** In the order of the split. */
	readonly outcomes: readonly AttackOutcome[]
}

/** What {@link evaluate} needs. */
export interface EvaluateInput {
	readonly clip: ClipModel
	readonly classifier: Classifier
	readonly split: Split
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	/** Seed of the attack's random choices. */
	readonly seed: number
	/** Images per batch, 50 by default; no outcome depends on it on the CPU. */
	readonly batchSize?: number
	/** Outcomes of an evaluation that was cut off. */
	readonly earlier?: readonly AttackOutcome[]
	readonly onProgress?: (counts: AttackCounts) => void
	/** Called with every batch of new outcomes, to be kept for a resume. */
	readonly onOutcomes?: (outcomes: readonly AttackOutcome[]) => Promise<void>
	/** Stops after the batch under way. */
	readonly signal?: AbortSignal
}

/**
 * Evaluates a classifier. Images that are wrong when clean count as errors and are not attacked.
 * @returns The result, or undefined when stopped by the signal.
 * @throws NaptuneError for an empty split or unusable images.
 */
export async function evaluate(input: EvaluateInput): Promise<EvaluationResult | undefined> {
	const { clip, classifier, split, attack, threatModel, seed, batchSize = 50, earlier = [], signal } = input
	if (split.length === 0) throw new NaptuneError('There are no images to evaluate; choose another split.')
	const start = performance.now()
	const ids = Array.from({ length: split.length }, (_, index) => split.id(index))
	const known = new Map(earlier.map((outcome) => [outcome.id, outcome]))
	const done = new Set(ids.flatMap((id, index) => (known.has(id) ? [index] : [])))
	const run = runAttack({
		classifier,
		attack,
		threatModel,
		images: {
			ids,
			labels: ids.map((_, index) => split.label(index)),
			pixels: (positions) => preparedImages(clip, split, positions),
		},
		streams: imageStreams(seed),
		batchSize,
		skipWrong: true,
		done,
		...(input.onProgress ? { onProgress: input.onProgress } : {}),
	})
	for await (const { outcomes } of run) {
		for (const outcome of outcomes) known.set(outcome.id, outcome)
		await input.onOutcomes?.(outcomes)
		if (signal?.aborted) break
	}
	const outcomes = ids.flatMap((id) => known.get(id) ?? [])
	if (outcomes.length < ids.length) return undefined
	return { ...summarize(outcomes), seconds: (performance.now() - start) / 1000, outcomes }
}

/** Accuracies of outcomes: robust means right when clean and right under attack. */
export function summarize(outcomes: readonly AttackOutcome[]): Pick<EvaluationResult, 'images' | 'clean' | 'robust'> {
	const images = outcomes.length
	const clean = outcomes.filter(({ label, cleanPrediction }) => cleanPrediction === label)
	const robust = clean.filter(({ label, adversarialPrediction }) => adversarialPrediction === label)
	return { images, clean: accuracyOf(clean.length, images), robust: accuracyOf(robust.length, images) }
}

/** So many right of so many images. @throws NaptuneError as {@link wilsonInterval}. */
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
	const area = 3 * imageSize * imageSize
	const pixels = new Float32Array(positions.length * area)
	for (const [row, position] of positions.entries()) {
		pixels.set(prepareImage(clip, await split.image(position)), row * area)
	}
	return float32([positions.length, 3, imageSize, imageSize], pixels)
}

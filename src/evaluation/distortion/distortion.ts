/**
 * Distortion by layer (NAP-Tuning, equations 9 and 10): how far a perturbation moves the tokens of the image tower from
 * the clean ones, before and after what is changed before every block, for several models under several perturbations. The
 * tokens are those of the picture: the class token, where the tower has one, and the patches. Texts are not perturbed, so
 * there is nothing to measure in the text tower.
 */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { perturbationSizes } from '../../attacks/sets/check-perturbation.js'
import { perturbationSet } from '../../attacks/sets/registry.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { AttackBatch } from '../../classifier/attack-batch.js'
import type { Classifier, Taps } from '../../classifier/classifier.js'
import { predictions } from '../../classifier/predictions.js'
import { watched } from '../../classifier/watched-classifier.js'
import { at, entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { range, takeRows } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { Split } from '../../data/dataset.js'
import type { Defense } from '../../defenses/defense.js'
import type { Distortion } from '../../records/distortion.js'
import type { Engine } from '../../runtime/engine.js'
import { meanInterval } from '../../statistics/mean-interval.js'
import type { ClipModel } from '../../vlm/model.js'
import { towersOf } from '../../vlm/towers.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { preparedImages } from '../robustness/evaluate.js'
import {
	type CleanSpreads,
	createCleanSpreads,
	createDistortionSamples,
	type DistortionSamples,
} from './distortion-samples.js'
import { tokenPlaces } from './token-taps.js'

export type { Distortion } from '../../records/distortion.js'

/** A model to measure, named after its defense. */
export interface DistortionModel {
	readonly defense: Defense
	/** Parameters of the defense, by name; empty for one that learns nothing. */
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
}

/** The input of {@link measureDistortion}. */
export interface DistortionInput {
	readonly engine: Engine
	readonly clip: ClipModel
	/** Models on that CLIP, with different names. Each sees the perturbations made for all. */
	readonly models: readonly DistortionModel[]
	/** At least two images. */
	readonly split: Split
	/** Runs against every model with full knowledge of it, on all images, including those that are wrong when clean. */
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	/** Seed of the random choices of attack and noise. */
	readonly seed: number
	/** Images to attack at once; default 50. On the CPU it affects no number. */
	readonly batchSize?: number
	/** Called after every batch with how many images are done. */
	readonly onProgress?: (done: number) => void
	/** Called after every gradient that an attack takes, with its number of images. */
	readonly onGradient?: (images: number) => void
	/** Stops after the current batch. */
	readonly signal?: AbortSignal
}

/** Name of the control perturbation: a random point of the ball, clipped to valid pixels (uniform in L-infinity). */
export const noise = 'noise'

/** Bytes of tokens in memory at once; at least one image's. */
const tokenBytes = 64 * 2 ** 20

/**
 * Measures every model under the attack on every model, and under noise. It keeps only the distances of an image.
 * @returns All pairs of a model and a perturbation, or undefined if the signal stopped it.
 * @throws NaptuneError for a targeted attack, two models with the same name, fewer than two images, or unusable images.
 */
export async function measureDistortion(input: DistortionInput): Promise<Distortion[] | undefined> {
	const { engine, clip, models, split, batchSize = 50 } = input
	const perturbations = [...models.map(({ defense }) => defense.name), noise]
	checkInput(input, perturbations)
	const { blocks, classToken } = towersOf(clip.config)
	if (!blocks) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`Distortion is measured on the tokens that enter each block, and ${clip.checkpoint.source} is a pair of ONNX encoders, which gives none. Measure a model of transformers, open_clip or OpenAI.`,
		)
	}
	const towers: Tower[] = []
	try {
		for (const { defense, parameters } of models) {
			const classifier = await deployedClassifier(engine, clip, defense, parameters, { tokens: true })
			const places = tokenPlaces(defense)
			const taps = [...new Set(places.flatMap(({ before, after }) => [before, after]))]
			const spreads = createCleanSpreads(taps)
			towers.push({
				name: defense.name,
				classifier: watched(classifier, input.onGradient),
				taps,
				spreads,
				tokenSize: at(defense.layout.image, 0).tokens * clip.config.vision.width,
				samples: perturbations.map(() =>
					createDistortionSamples(places, clip.config.vision.width, classToken, spreads),
				),
			})
		}
		const sizes = perturbations.map((): number[] => [])
		for (let start = 0; start < split.length; start += batchSize) {
			if (input.signal?.aborted) return undefined
			const positions = range(start, Math.min(start + batchSize, split.length))
			const batch: AttackBatch = {
				images: await preparedImages(clip, split, positions),
				labels: positions.map((position) => split.label(position)),
				ids: positions.map((position) => split.id(position)),
			}
			const perturbed = await perturbedImages(input, towers, batch)
			for (const [which, images] of perturbed.entries()) {
				at(sizes, which).push(...perturbationSizes(batch.images, images, 'l2'))
			}
			for (const tower of towers) {
				await addFeatures(tower, batch, perturbed)
				await addTokens(tower, batch.images, perturbed)
			}
			input.onProgress?.(start + positions.length)
		}
		return towers.flatMap(({ name, samples }) =>
			samples.map((own, which) => ({
				tower: name,
				perturbation: at(perturbations, which),
				pixels: meanInterval(at(sizes, which)),
				...own.summary(),
			})),
		)
	} finally {
		await Promise.all(towers.map(({ classifier }) => classifier.release()))
	}
}

interface Tower {
	readonly name: string
	readonly classifier: Classifier
	/** Names of all token taps. */
	readonly taps: readonly string[]
	readonly spreads: CleanSpreads
	/** Numbers of one image in one tap. */
	readonly tokenSize: number
	/** One per perturbation. */
	readonly samples: readonly DistortionSamples[]
}

function checkInput({ split, attack, batchSize = 50 }: DistortionInput, names: readonly string[]): void {
	if (attack.targeted) {
		throw new NaptuneError('NAP_ATTACK_UNSUITABLE', `Distortion needs untargeted attacks; ${attack.name} is targeted.`)
	}
	if (new Set(names).size < names.length) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The models to measure are named ${names.slice(0, -1).join(', ')}; give each a different name, other than ${noise}.`,
		)
	}
	if (split.length < 2) {
		throw new NaptuneError(
			'NAP_DATA_EMPTY',
			`Distortion with intervals needs at least 2 images; got ${split.length}. Choose more images or another split.`,
		)
	}
	if (!Number.isInteger(batchSize) || batchSize < 1) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The batch size must be a whole number of at least 1; got ${batchSize}.`,
		)
	}
}

/** The batch under the attack on each tower, and under noise. */
async function perturbedImages(
	{ attack, threatModel, seed }: DistortionInput,
	towers: readonly Tower[],
	batch: AttackBatch,
): Promise<Tensor<'float32'>[]> {
	const streams = imageStreams(seed)
	const found: Tensor<'float32'>[] = []
	for (const { classifier } of towers) found.push(await attackBatch(attack, classifier, batch, threatModel, streams))
	const random = { ...batch.images, data: batch.images.data.slice() }
	const set = perturbationSet(threatModel, batch.images)
	for (const [row, id] of batch.ids.entries()) set.sample(random.data, row, streams(id, 'distortion noise'))
	return [...found, random]
}

async function addFeatures(
	{ classifier, spreads, samples }: Tower,
	{ images, labels, ids }: AttackBatch,
	perturbed: readonly Tensor<'float32'>[],
): Promise<void> {
	const look = async (seen: Tensor<'float32'>) => {
		const { logits, imageFeatures } = await classifier.evaluate(seen, ['logits', 'imageFeatures'])
		const width = at(imageFeatures!.shape, 1)
		return predictions(logits!, ids).map((predicted, row) => ({
			right: predicted === labels[row],
			features: imageFeatures!.data.subarray(row * width, (row + 1) * width),
		}))
	}
	const clean = await look(images)
	for (const { features } of clean) spreads.features.add(features)
	for (const [which, seen] of perturbed.entries()) {
		for (const [row, own] of (await look(seen)).entries()) at(samples, which).addFeatures(at(clean, row), own)
	}
}

/** Tokens are large, so only a few images at a time. */
async function addTokens(
	{ classifier, taps, tokenSize, spreads, samples }: Tower,
	images: Tensor<'float32'>,
	perturbed: readonly Tensor<'float32'>[],
): Promise<void> {
	const atOnce = Math.max(1, Math.floor(tokenBytes / (2 * 4 * tokenSize * taps.length)))
	for (let start = 0; start < at(images.shape, 0); start += atOnce) {
		const rows = range(start, Math.min(start + atOnce, at(images.shape, 0)))
		const look = (seen: Tensor<'float32'>) => classifier.evaluate(takeRows(seen, rows), taps)
		const tokensOf = (found: Taps, row: number) => (tap: string) =>
			entry(found, tap).data.subarray(row * tokenSize, (row + 1) * tokenSize)
		const clean = await look(images)
		for (const row of rows.keys()) {
			for (const [tap, spread] of spreads.tokens) spread.add(tokensOf(clean, row)(tap))
		}
		for (const [which, seen] of perturbed.entries()) {
			const own = await look(seen)
			for (const row of rows.keys()) at(samples, which).addTokens(tokensOf(clean, row), tokensOf(own, row))
		}
	}
}

/** Makes adversarial images on surrogates, once per data set, and stores them. */

import { requireSurrogates, type Surrogate } from '../../attacks/algorithms/transfer/surrogate.js'
import type { PreparedAttack } from '../../attacks/attack-definition.js'
import { attackNamed, prepareAttack } from '../../attacks/registry.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { watched } from '../../classifier/watched-classifier.js'
import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { range } from '../../core/rows.js'
import type { Dataset, Split } from '../../data/dataset.js'
import { packageVersion } from '../../files/package-version.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import { resizedClassifier } from '../deployed/resized-classifier.js'
import { preparedImages } from '../robustness/evaluate.js'
import { type AdversarialManifest, openAdversarialImages } from './adversarial-images.js'
import { cleanImagesManifest } from './adversarial-manifest.js'

/** The input of {@link generateAdversarialImages}. */
export interface GenerateInput {
	/** Folder of the store; repeat the call to resume, or to add images. */
	readonly folder: string
	readonly engine: Pick<Engine, 'version' | 'device'>
	/** The model that the images are for; only its preprocessing and image size matter. */
	readonly clip: ClipModel
	readonly dataset: Pick<Dataset, 'name' | 'origin' | 'notices' | 'classNames'>
	/** Name of the split, and the images of it to attack. */
	readonly splitName: string
	readonly split: Split
	/** An attack or preset; one that needs a model's gradient or outputs uses those of the only surrogate. */
	readonly attack: string
	/** Options of the attack except the surrogates. */
	readonly options?: Readonly<Record<string, unknown>>
	/** Their image size may differ from the model's: images are resized. */
	readonly surrogates: readonly Surrogate[]
	readonly threatModel: ThreatModel
	readonly seed: number
	/** Images per batch and shard, 50 by default; on the CPU it affects no image. */
	readonly batchSize?: number
	/** Called once, with the number of existing images. */
	readonly onStart?: (before: number) => void
	readonly onProgress?: (done: number, total: number) => void
	/** Called after every gradient, with its number of images and the most gradients that an image takes. */
	readonly onGradient?: (images: number, perImage: number) => void
	/** Stops after the current batch. */
	readonly signal?: AbortSignal
}

/** The result of generating. */
export interface Generated {
	readonly manifest: AdversarialManifest
	/** Images made by this call, and those that existed before. */
	readonly made: number
	readonly before: number
}

/**
 * Makes the adversarial images of a split and stores them. It attacks every image, whatever the target model predicts for
 * it; but an attack that skips wrong images (APGD, FAB, Square, AutoAttack) stores clean versions of images that its
 * surrogate gets wrong or that it cannot fool.
 * @returns What was made, or undefined if the signal stopped it.
 * @throws NaptuneError if surrogates have other classes than the data or an incompatible image size, the attack works on one
 * surrogate and got several, the folder holds images made differently, or it cannot be written.
 */
export async function generateAdversarialImages(input: GenerateInput): Promise<Generated | undefined> {
	const { folder, clip, split, threatModel, seed, batchSize = 50 } = input
	if (split.length === 0)
		throw new NaptuneError('NAP_DATA_EMPTY', 'There are no images to attack; choose another split.')
	const { attack, classifier } = attackOnSurrogates(input)
	const manifest = manifestOf(input, attack)
	const store = await openAdversarialImages(folder, manifest)
	const todo = range(0, split.length).filter((position) => !store.done.has(split.id(position)))
	const before = split.length - todo.length
	const streams = imageStreams(seed)
	input.onStart?.(before)
	for (let start = 0; start < todo.length; start += batchSize) {
		if (input.signal?.aborted) return undefined
		const positions = todo.slice(start, start + batchSize)
		const ids = positions.map((position) => split.id(position))
		const labels = positions.map((position) => split.label(position))
		const clean = await preparedImages(clip, split, positions)
		const images = await attackBatch(attack, classifier, { images: clean, labels, ids }, threatModel, streams)
		await store.append({ ids, labels, clean, images })
		input.onProgress?.(before + start + positions.length, split.length)
	}
	return { manifest, made: todo.length, before }
}

function attackOnSurrogates({ attack: name, options = {}, surrogates, clip, dataset, onGradient }: GenerateInput): {
	readonly attack: PreparedAttack
	readonly classifier: Classifier
} {
	const { imageSize } = clip.config.vision
	const target = unseen(dataset.classNames, [3, imageSize, imageSize])
	let perImage = 1
	const own = surrogates.map((surrogate) => ({
		...surrogate,
		classifier: watched(
			resizedClassifier(surrogate.classifier, target.inputShape),
			onGradient && ((images) => onGradient(images, perImage)),
		),
	}))
	if (Object.hasOwn(options, 'surrogates')) {
		throw new NaptuneError('NAP_OPTION_CONFLICT', 'Pass surrogates separately, not among the options.')
	}
	const onOthers = attackNamed(name).definition.access === 'nothing'
	const attack = prepareAttack(name, onOthers ? { ...options, surrogates: own } : options)
	if (attack.targeted) {
		throw new NaptuneError(
			'NAP_ATTACK_UNSUITABLE',
			`Attack ${name} is targeted; images for other models need an untargeted attack.`,
		)
	}
	// Before anything is written.
	requireSurrogates(name, own, target, attack.reads.labels)
	perImage = Math.max(1, attack.cost(dataset.classNames.length).gradients)
	if (onOthers) return { attack, classifier: target }
	if (own.length > 1) {
		throw new NaptuneError(
			'NAP_ATTACK_UNSUITABLE',
			`Attack ${name} works on one surrogate; ${own.length} were given. Choose one of them, or an attack on several such as mi-cwa.`,
		)
	}
	return { attack, classifier: at(own, 0).classifier }
}

/** The target model: only its classes and image size are known. */
function unseen(classNames: readonly string[], inputShape: Classifier['inputShape']): Classifier {
	const refuse = async () => {
		throw new NaptuneError(
			'NAP_INTERNAL',
			'An attack on surrogates called the model that its images are for. This is a bug in the attack.',
		)
	}
	return { classNames, inputShape, taps: [], evaluate: refuse, gradient: refuse, release: async () => {} }
}

function manifestOf(
	{ engine, clip, dataset, splitName, surrogates, threatModel, seed }: GenerateInput,
	{ name, attack, source, options }: PreparedAttack,
): AdversarialManifest {
	return {
		format: 1,
		attack: { name, attack, source, options: { ...options } },
		models: surrogates.map(({ name, sha256, reads }) => ({
			name,
			sha256,
			...defined({ reads: reads ? { ...reads } : undefined }),
		})),
		threatModel,
		seed,
		...cleanImagesManifest(clip, dataset, splitName),
		versions: { naptune: packageVersion(), engine: engine.version, device: engine.device },
	}
}

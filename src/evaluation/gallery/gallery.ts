/**
 * Keeps a few images under attack for people to look at: pixels, and the predictions of a control and a tuned model before
 * and after.
 */

import { dirname } from 'node:path'
import type { Classifier } from '../../classifier/classifier.js'
import { at, entry, last } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { range, takeRows } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import { idsOf } from '../../data/dataset.js'
import { atMost } from '../../data/subsets.js'
import type { Defense } from '../../defenses/defense.js'
import { makeFolder } from '../../files/make-folder.js'
import { sha256OfFile } from '../../files/sha256.js'
import { type GalleryRecord, type GallerySettings, type GalleryView, galleryKind } from '../../records/gallery.js'
import { resumable } from '../../records/resumable.js'
import { saveTensors } from '../../training/tensor-set.js'
import { type ClassProbability, mostProbable } from '../../vlm/zero-shot.js'
import { type DeployedModel, deployedClassifier } from '../deployed/deployed-classifier.js'
import { evaluateImages, preparedImages, splitImages } from '../robustness/evaluate.js'
import { type RecordedEvaluationInput, type SettingsInput, settingsOf } from '../robustness/recorded-evaluation.js'
import { type AttackGallery, galleryPixelsPath, readGallery } from './gallery-record.js'

export { type AttackGallery, type GalleryImage, type GalleryRecord, readGallery } from './gallery-record.js'

/** Classes to keep per image. */
const top = 5

/** How images are chosen; recorded. */
const rule =
	'Balanced over the classes and drawn by the seed before any model had seen them; a smaller gallery of the same seed is part of a larger one.'

/** The input of {@link recordedGallery}. */
export interface RecordedGalleryInput
	extends Pick<
		RecordedEvaluationInput,
		'engine' | 'clip' | 'dataset' | 'split' | 'defense' | 'parameters' | 'attack' | 'threatModel' | 'seed' | 'signal'
	> {
	/** The model beside it, which learns nothing: vanilla. */
	readonly control: Defense
	/** Name of the split; `test` by default. */
	readonly splitName?: string
	/** Images, at least 1; all of a split with fewer. */
	readonly count: number
	/** Path of the record, ending in .json; the pixels lie beside it as .safetensors. */
	readonly path: string
	/** Called with the share of the work that is done, in [0, 1]. */
	readonly onProgress?: (share: number) => void
}

/**
 * Attacks a few images on a control and on a tuned model, each with full knowledge of it, exactly as an evaluation with the
 * same attack and seed would: images that a model gets wrong when clean are not attacked on it. It returns an existing
 * gallery with the same settings, and remakes a damaged one.
 * @returns The gallery, or undefined if the signal stopped it; nothing is written then.
 * @throws NaptuneError for a targeted attack, a number of images that is not a whole number of at least 1, a path without
 * .json, a defense whose classes differ from the data's, unusable images, a gallery with other settings at `path`, or files
 * that cannot be written.
 */
export async function recordedGallery(input: RecordedGalleryInput): Promise<AttackGallery | undefined> {
	checkInput(input)
	const { splitName = 'test', clip, defense, parameters, control, path } = input
	const split = atMost(input.split, input.count, input.seed)
	const models = [
		{ clip, defense: control, parameters: {} },
		{ clip, defense, parameters },
	]
	const settings = gallerySettings({ ...input, split, splitName }, models)
	const record = await resumable(galleryKind, {
		path,
		settings,
		read: wholeGallery,
		work: () => makeGallery({ ...input, split }, models, settings),
	})
	return record && readGallery(path)
}

function gallerySettings(
	input: Omit<SettingsInput, 'clip' | 'defense' | 'parameters'>,
	models: readonly DeployedModel[],
): GallerySettings {
	const described = models.map((model) => settingsOf({ ...input, ...model }))
	const { defense: _, testTime: __, target: ___, ...common } = last(described)
	return { kind: 'gallery', ...common, models: described.map(({ defense }) => defense), rule }
}

async function makeGallery(
	input: RecordedGalleryInput,
	models: readonly DeployedModel[],
	settings: GallerySettings,
): Promise<GalleryRecord | undefined> {
	const { engine, clip, split, path } = input
	const started = performance.now()
	const ids = idsOf(split)
	const clean = await preparedImages(clip, split, range(0, ids.length))
	const seen: AttackedModel[] = []
	for (const [which, model] of models.entries()) {
		const one = await attackModel(input, model, clean, (share) => input.onProgress?.((which + share) / models.length))
		if (!one) return undefined
		seen.push(one)
	}
	const pixels: Record<string, Tensor<'float32'>> = {
		clean,
		...Object.fromEntries(seen.map(({ images }, which) => [`adversarial.${which}`, images])),
	}
	// Before the record, which confirms that everything exists.
	const pixelsPath = galleryPixelsPath(path)
	await makeFolder(dirname(path))
	await saveTensors(pixelsPath, pixels)
	return {
		...settings,
		images: ids.map((id, position) => ({
			id,
			label: split.label(position),
			models: seen.map(({ views }) => at(views, position)),
		})),
		// Read back, so that the record matches what is on disk.
		pixels: await sha256OfFile(pixelsPath),
		seconds: (performance.now() - started) / 1000,
		threads: engine.threads,
	}
}

function checkInput({ attack, count, path, dataset, defense, control, split }: RecordedGalleryInput): void {
	if (attack.targeted) {
		throw new NaptuneError(
			'NAP_ATTACK_UNSUITABLE',
			`Attack ${attack.name} is targeted; a gallery needs an untargeted attack, such as pgd-100.`,
		)
	}
	if (!Number.isSafeInteger(count) || count < 1) {
		throw new NaptuneError('NAP_OPTION_INVALID', `A gallery needs a whole number of at least 1 image; got ${count}.`)
	}
	if (split.length === 0)
		throw new NaptuneError('NAP_DATA_EMPTY', 'There are no images for a gallery; choose another split.')
	galleryPixelsPath(path)
	for (const { name, classNames } of [defense, control]) {
		if (JSON.stringify(classNames) === JSON.stringify(dataset.classNames)) continue
		throw new NaptuneError(
			'NAP_CLASSES_MISMATCH',
			`Defense ${name} was prepared for the classes ${classNames.join(', ')}, but ${dataset.name} has ${dataset.classNames.join(', ')}. Prepare it for the classes of the data.`,
		)
	}
}

/** The record of a complete gallery; undefined if it is damaged or from another version, and must be remade. */
async function wholeGallery(path: string): Promise<GalleryRecord | undefined> {
	try {
		return (await readGallery(path)).record
	} catch (error) {
		if (error instanceof NaptuneError) return undefined
		throw error
	}
}

/** A model under the attack. */
interface AttackedModel {
	/** Adversarial images [N, 3, S, S], clean ones where not attacked. */
	readonly images: Tensor<'float32'>
	readonly views: readonly GalleryView[]
}

async function attackModel(
	{ engine, clip, split, attack, threatModel, seed, signal }: RecordedGalleryInput,
	{ defense, parameters }: DeployedModel,
	clean: Tensor<'float32'>,
	onProgress: (share: number) => void,
): Promise<AttackedModel | undefined> {
	const classifier = await deployedClassifier(engine, clip, defense, parameters)
	try {
		const positions = new Map(idsOf(split).map((id, position) => [id, position]))
		const images = takeRows(clean, [...positions.values()])
		const size = images.data.length / positions.size
		const result = await evaluateImages(
			{
				classifier,
				attack,
				threatModel,
				seed,
				keepImages: true,
				...defined({ signal: signal || undefined }),
				onProgress: ({ work: { done, left } }) => onProgress(done / Math.max(1, done + left)),
				async onBatch({ outcomes, images: made }) {
					const attacked = outcomes.filter((outcome) => outcome.attacked)
					for (const [row, { id }] of attacked.entries()) {
						images.data.set(made!.data.subarray(row * size, (row + 1) * size), entry(positions, id) * size)
					}
				},
			},
			splitImages(clip, split),
		)
		if (!result) return undefined
		const [before, after] = [await topClasses(classifier, clean), await topClasses(classifier, images)]
		return {
			images,
			views: result.outcomes.map(
				({ attacked }, position): GalleryView => ({
					clean: at(before, position),
					...defined({ adversarial: attacked ? at(after, position) : undefined }),
				}),
			),
		}
	} finally {
		await classifier.release()
	}
}

/** The most probable classes of every image. */
async function topClasses(classifier: Classifier, images: Tensor<'float32'>): Promise<ClassProbability[][]> {
	const { classNames } = classifier
	const { logits } = await classifier.evaluate(images, ['logits'])
	return Array.from({ length: at(images.shape, 0) }, (_, row) =>
		mostProbable(logits!.data.subarray(row * classNames.length, (row + 1) * classNames.length), classNames, top, row),
	)
}

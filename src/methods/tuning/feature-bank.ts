/**
 * A bank of image features: clean and adversarial features of all training images, computed once before the first step, for
 * methods that do not change the image tower (AdvPT).
 */

import { existsSync } from 'node:fs'
import type { Classifier } from '../../classifier/classifier.js'
import { entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { loadAhead } from '../../core/load-ahead.js'
import { range } from '../../core/rows.js'
import { float32, type Tensor } from '../../core/tensor.js'
import { idsOf, type Split } from '../../data/dataset.js'
import { requireIntact } from '../../files/checksum.js'
import { readSafetensorsHeader } from '../../files/safetensors.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { loadTensors, saveTensors } from '../../training/tensor-set.js'
import type { ClipModel } from '../../vlm/model.js'
import type { TuningConfig } from './configuration.js'
import { innerAttack } from './inner-attack.js'
import { loadTrainingImages } from './training-images.js'

/** Features by position of the training image. */
export interface FeatureBank {
	/** [N, E], not normalised. */
	readonly clean: Tensor<'float32'>
	readonly adversarial: Tensor<'float32'>
}

/** The input of {@link openFeatureBank}. */
export interface FeatureBankInput {
	/** Path of the bank. */
	readonly path: string
	/** The model under attack before the first step; taps `imageFeatures` and `logits`. */
	readonly classifier: Classifier
	readonly clip: ClipModel
	readonly training: Split
	readonly config: TuningConfig
	/** Whether earlier steps used it, so that it must be complete. */
	readonly inUse: boolean
	readonly onProgress?: ((done: number, total: number) => void) | undefined
	/** Called if the file cannot be checked. */
	readonly onNotice?: ((notice: string) => void) | undefined
	/** Stops after the current images and saves the work so far. */
	readonly signal?: AbortSignal | undefined
}

const secondsBetweenSaves = 120

/**
 * Reads the bank of a run, or computes the rest of it.
 * @returns Undefined when stopped.
 * @throws NaptuneError when the file is damaged, belongs to another run, or is missing though in use, or an image cannot be
 * read.
 */
export async function openFeatureBank(input: FeatureBankInput): Promise<FeatureBank | undefined> {
	const { path, classifier, clip, training, config, inUse, onProgress, onNotice, signal } = input
	const { length } = training
	const width = clip.config.projectionDimension
	const origin = originOf(input)
	const kept = await readBank(path, length, width, origin)
	if (kept && !kept.checked) {
		onNotice?.(`${path} has no checksum beside it, like banks of earlier versions, so damage would go unnoticed.`)
	}
	if (inUse && kept?.done !== length) {
		throw new NaptuneError(
			'NAP_FILE_DAMAGED',
			`${path}, which the steps so far used, is ${kept ? 'incomplete' : 'missing'}. Restore it, or start again in another folder.`,
		)
	}
	const { bank, done } = kept ?? { bank: emptyBank(length, width), done: 0 }
	const attack = innerAttack(config, classifier.classNames.length, width)
	let lastSave = performance.now()
	let at = done
	const parts = microBatches(at, length, config.microBatchSize)
	const loaded = loadAhead(parts, (positions) => loadTrainingImages(clip, training, positions, config, 0))
	for await (const [positions, { pixels, labels, ids }] of loaded) {
		if (signal?.aborted) break
		const adversarial = await attack(classifier, { images: pixels, labels, ids }, 'bank')
		for (const [name, images] of [
			['clean', pixels],
			['adversarial', adversarial],
		] as const) {
			const taps = await classifier.evaluate(images, ['imageFeatures'])
			bank[name].data.set(entry(taps, 'imageFeatures').data, at * width)
		}
		at += positions.length
		onProgress?.(at, length)
		if (performance.now() - lastSave > secondsBetweenSaves * 1000) {
			await writeBank(path, bank, at, origin)
			lastSave = performance.now()
		}
	}
	if (at > done) await writeBank(path, bank, at, origin)
	return at === length ? bank : undefined
}

function* microBatches(from: number, to: number, size: number): Generator<number[]> {
	for (let start = from; start < to; start += size) yield range(start, Math.min(start + size, to))
}

function emptyBank(images: number, width: number): FeatureBank {
	const zeros = () => float32([images, width], new Float32Array(images * width))
	return { clean: zeros(), adversarial: zeros() }
}

/** Fingerprint of the features' origin, which differs for other images, models or attacks. */
function originOf({ clip, training, config: { defense, attack, seed } }: FeatureBankInput): string {
	const ids = idsOf(training)
	return sha256OfBytes(JSON.stringify([clip.checkpoint.sha256, ids, defense, attack, seed]))
}

async function writeBank(
	path: string,
	{ clean, adversarial }: FeatureBank,
	done: number,
	origin: string,
): Promise<void> {
	await saveTensors(path, { clean, adversarial }, { done: String(done), origin }, { checksum: true })
}

async function readBank(
	path: string,
	images: number,
	width: number,
	origin: string,
): Promise<{ readonly bank: FeatureBank; readonly done: number; readonly checked: boolean } | undefined> {
	if (!existsSync(path)) return undefined
	const found = await requireIntact(path, 'Restore it, or start again in another folder.')
	const { metadata } = await readSafetensorsHeader(path)
	const { clean, adversarial } = await loadTensors(path)
	const done = Number(metadata.done)
	const shape = String([images, width])
	const fits = metadata.origin === origin && String(clean?.shape) === shape && String(adversarial?.shape) === shape
	if (!clean || !adversarial || !fits || !Number.isInteger(done) || done < 0 || done > images) {
		throw new NaptuneError(
			'NAP_FILE_DAMAGED',
			`${path} is not the feature bank of this run; expected ${images} x ${width} clean and adversarial features of its own images, model and attack. Restore it, or start again in another folder.`,
		)
	}
	return { bank: { clean, adversarial }, done, checked: found === 'intact' }
}

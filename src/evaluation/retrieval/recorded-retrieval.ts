/** Image-text retrieval, clean and with attacked images, as one JSON record. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import { watched } from '../../classifier/watched-classifier.js'
import type { Tensor } from '../../core/tensor.js'
import type { Gallery } from '../../data/captions/gallery.js'
import type { Defense } from '../../defenses/defense.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { computeTextFeatures } from '../../methods/tuning/text-side.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import { classesPerChunk, deployedClassifier } from '../deployed/deployed-classifier.js'
import { resumableRecord } from '../robustness/outcome-log.js'
import { type EvaluationSettings, settingsOf } from '../robustness/recorded-evaluation.js'
import { type RetrievalResult, retrievalRanks, summarizeRetrieval } from './retrieval.js'
import { attackedFeatures, captionScorer, featureEntrySchema } from './retrieval-features.js'

/** What decides the ranks; JSON. */
export interface RetrievalSettings extends EvaluationSettings {
	readonly retrieval: {
		readonly level: Gallery['level']
		readonly captions: number
		/** SHA-256 of the captions and of whose they are. */
		readonly gallery: string
		/** All images of the gallery are attacked, captions are not. */
		readonly attacked: 'images'
	}
}

/** A finished retrieval. Ranks count from 1; see `retrievalRanks`. */
export interface RetrievalRecord extends RetrievalSettings {
	readonly clean: RetrievalResult
	readonly attacked: RetrievalResult
	/** Wall-clock time; of a resumed retrieval only the last part. */
	readonly seconds: number
	readonly threads: number
	readonly batchSize: number
	readonly images: readonly {
		readonly id: string
		/** Positions of its captions. */
		readonly own: readonly number[]
		readonly cleanRank: number
		readonly attackedRank: number
	}[]
	readonly captions: readonly {
		readonly text: string
		/** Null where no image of the gallery has the caption. */
		readonly cleanRank: number | null
		readonly attackedRank: number | null
	}[]
}

/** What {@link recordedRetrieval} needs. */
export interface RecordedRetrievalInput {
	readonly engine: Engine
	readonly clip: ClipModel
	readonly gallery: Gallery
	/** Name of the split that the images are of. */
	readonly splitName: string
	/** Over the captions of the gallery, as `captionDefense` makes it. */
	readonly defense: Defense
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	/** As `retrievalAttack` makes it. */
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly seed: number
	/** Recall is told at these k. */
	readonly ks: readonly number[]
	/** Images per batch; default 50. On the CPU no rank depends on it. */
	readonly batchSize?: number
	/** Path of the record. Beside it lies a log while the retrieval runs; the same call goes on from there. */
	readonly path: string
	readonly onProgress?: (done: number) => void
	/** Called after every gradient that the attack takes, with its number of images. */
	readonly onGradient?: (images: number) => void
	/** Stops after the batch under way. */
	readonly signal?: AbortSignal
}

/**
 * Measures retrieval in both directions and writes the record. The attacker sees the whole model and all captions, and
 * attacks every image; text to image under attack means that all images of the gallery are adversarial.
 * @returns The record, or undefined when stopped by the signal.
 * @throws NaptuneError when images cannot be read, scores are not numbers, or the record cannot be written.
 */
export async function recordedRetrieval(input: RecordedRetrievalInput): Promise<RetrievalRecord | undefined> {
	const { engine, clip, gallery, defense, parameters, ks, batchSize = 50, path } = input
	const start = performance.now()
	const settings = await retrievalSettings(input)
	const schema = featureEntrySchema(clip.config.projectionDimension)
	return resumableRecord(path, { suffix: '.features.jsonl', settings, schema }, async (log) => {
		const features = new Map(log.earlier.map((entry) => [entry.id, entry]))
		const textFeatures = await computeTextFeatures(engine, defense, parameters, classesPerChunk)
		const classifier = await deployedClassifier(engine, clip, defense, parameters, { textFeatures })
		try {
			const batches = attackedFeatures({
				...input,
				batchSize,
				classifier: watched(classifier, input.onGradient),
				done: new Set(features.keys()),
			})
			for await (const entries of batches) {
				for (const entry of entries) features.set(entry.id, entry)
				await log.append(entries)
				input.onProgress?.(features.size)
				if (input.signal?.aborted) break
			}
		} finally {
			await classifier.release()
		}
		if (features.size < gallery.images.length) return undefined
		const entries = gallery.own.map((_, index) => features.get(gallery.images.id(index))!)
		const scorer = await captionScorer(engine, clip, textFeatures)
		const ranks = async (of: readonly string[]) =>
			retrievalRanks(() => scorer.rows(of), gallery.own, gallery.captions.length)
		const clean = await ranks(entries.map((entry) => entry.clean))
		const attacked = await ranks(entries.map((entry) => entry.adversarial))
		await scorer.release()
		const record: RetrievalRecord = {
			...settings,
			clean: summarizeRetrieval(clean, gallery.own, ks),
			attacked: summarizeRetrieval(attacked, gallery.own, ks),
			seconds: (performance.now() - start) / 1000,
			threads: engine.threads,
			batchSize,
			images: entries.map(({ id }, index) => ({
				id,
				own: gallery.own[index]!,
				cleanRank: clean.imageToText[index]!,
				attackedRank: attacked.imageToText[index]!,
			})),
			captions: gallery.captions.map((text, index) => ({
				text,
				cleanRank: clean.textToImage[index]!,
				attackedRank: attacked.textToImage[index]!,
			})),
		}
		return record
	})
}

async function retrievalSettings(input: RecordedRetrievalInput): Promise<RetrievalSettings> {
	const { gallery } = input
	const { name, origin, notices, images, level, captions, own } = gallery
	const dataset = { name, origin, notices, classNames: [] }
	return {
		...(await settingsOf({ ...input, dataset, split: images })),
		retrieval: {
			level,
			captions: captions.length,
			gallery: sha256OfBytes(JSON.stringify([captions, own])),
			attacked: 'images',
		},
	}
}

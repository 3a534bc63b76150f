/** Image-text retrieval, clean and with attacked images, as one JSON record. */

import { isDeepStrictEqual } from 'node:util'
import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import { watched } from '../../classifier/watched-classifier.js'
import { at, entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import type { Gallery } from '../../data/captions/gallery.js'
import { requireOwnTexts } from '../../defenses/class-logits.js'
import type { Defense } from '../../defenses/defense.js'
import { computeTextFeatures } from '../../methods/tuning/text-side.js'
import { jsonFingerprint } from '../../records/fingerprint.js'
import { readRecord, writeRecord } from '../../records/record-kind.js'
import { resumable, type WorkLog } from '../../records/resumable.js'
import { type RetrievalRecord, type RetrievalSettings, retrievalKind } from '../../records/retrieval.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import { classesPerChunk, deployedClassifier } from '../deployed/deployed-classifier.js'
import { settingsOf } from '../robustness/recorded-evaluation.js'
import { retrievalRanks, summarizeRetrieval } from './retrieval.js'
import { attackedFeatures, captionScorer, featureEntrySchema } from './retrieval-features.js'

export type { RetrievalRecord } from '../../records/retrieval.js'

/** The input of {@link recordedRetrieval}. */
export interface RecordedRetrievalInput {
	readonly engine: Engine
	readonly clip: ClipModel
	readonly gallery: Gallery
	/** Name of the split that the images belong to. */
	readonly splitName: string
	/** Over the captions of the gallery, from `captionDefense`. */
	readonly defense: Defense
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	/** From `retrievalAttack`. */
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly seed: number
	/** The k at which to report recall. */
	readonly ks: readonly number[]
	/** Images per batch; default 50. On the CPU it affects no rank. */
	readonly batchSize?: number
	/** Path of the record. A log lies beside it while the retrieval runs; repeat the call to resume. */
	readonly path: string
	readonly onProgress?: (done: number) => void
	/** Called after every gradient that the attack takes, with its number of images. */
	readonly onGradient?: (images: number) => void
	/** Stops after the current batch. */
	readonly signal?: AbortSignal
}

/**
 * Measures retrieval in both directions and writes the record; returns an existing record with the same settings. The
 * attacker sees the whole model and all captions, and attacks every image; text to image under attack means that all images
 * of the gallery are adversarial.
 * @returns The record, or undefined if the signal stopped it.
 * @throws NaptuneError if images cannot be read, scores are NaN, `path` holds a record with other settings, or it cannot be
 * written.
 */
export async function recordedRetrieval(input: RecordedRetrievalInput): Promise<RetrievalRecord | undefined> {
	const { engine, clip, gallery, defense, parameters, ks, batchSize = 50, path } = input
	requireOwnTexts(defense, 'Retrieval')
	const settings = retrievalSettings(input)
	const line = featureEntrySchema(clip.config.projectionDimension)
	const log = { suffix: '.features.jsonl', line }
	const record = await resumable(retrievalKind, { path, settings, log, read: readRetrievalRecord, work })
	return record && withRecalls(record, ks, path)

	async function work({ earlier, append, seconds }: WorkLog<typeof line>): Promise<RetrievalRecord | undefined> {
		const features = new Map(earlier.map((item) => [item.id, item]))
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
				for (const item of entries) features.set(item.id, item)
				await append(entries)
				input.onProgress?.(features.size)
				if (input.signal?.aborted) break
			}
		} finally {
			await classifier.release()
		}
		if (features.size < gallery.images.length) return undefined
		const entries = gallery.own.map((_, index) => entry(features, gallery.images.id(index)))
		const scorer = await captionScorer(engine, clip, textFeatures)
		const ranks = async (of: readonly string[]) =>
			retrievalRanks(() => scorer.rows(of), gallery.own, gallery.captions.length)
		const clean = await ranks(entries.map((item) => item.clean))
		const attacked = await ranks(entries.map((item) => item.adversarial))
		await scorer.release()
		return {
			...settings,
			clean: summarizeRetrieval(clean, gallery.own, ks),
			attacked: summarizeRetrieval(attacked, gallery.own, ks),
			seconds: seconds(),
			threads: engine.threads,
			batchSize,
			images: entries.map(({ id }, index) => ({
				id,
				own: at(gallery.own, index),
				cleanRank: at(clean.imageToText, index),
				attackedRank: at(attacked.imageToText, index),
			})),
			captions: gallery.captions.map((text, index) => ({
				text,
				cleanRank: at(clean.textToImage, index),
				attackedRank: at(attacked.textToImage, index),
			})),
		}
	}
}

/** Reads a record. @throws NaptuneError if the file is not one, or its recalls do not follow from its ranks. */
export async function readRetrievalRecord(path: string): Promise<RetrievalRecord> {
	const record: RetrievalRecord = await readRecord(retrievalKind, path)
	const { clean, attacked } = record
	if (isDeepStrictEqual({ clean, attacked }, recallsOf(record, ksOf(record)))) return record
	throw new NaptuneError(
		'NAP_RECORD_CHANGED',
		`${path} was changed: its recalls do not follow from its ranks. ${retrievalKind.advice}`,
	)
}

/** The record with recalls at these k, which follow from its ranks; rewritten if it has others. */
async function withRecalls(record: RetrievalRecord, ks: readonly number[], path: string): Promise<RetrievalRecord> {
	if (isDeepStrictEqual(ksOf(record), [...ks])) return record
	const own = { ...record, ...recallsOf(record, ks) }
	await writeRecord(retrievalKind, path, own)
	return own
}

function ksOf({ clean }: RetrievalRecord): number[] {
	return clean.imageToText.recalls.map(({ k }) => k)
}

function recallsOf(
	{ images, captions }: Pick<RetrievalRecord, 'images' | 'captions'>,
	ks: readonly number[],
): Pick<RetrievalRecord, 'clean' | 'attacked'> {
	const own = images.map((image) => image.own)
	const of = (rank: 'cleanRank' | 'attackedRank') =>
		summarizeRetrieval(
			{ imageToText: images.map((image) => image[rank]), textToImage: captions.map((caption) => caption[rank]) },
			own,
			ks,
		)
	return { clean: of('cleanRank'), attacked: of('attackedRank') }
}

function retrievalSettings(input: RecordedRetrievalInput): RetrievalSettings {
	const { gallery } = input
	const { name, origin, notices, images, level, captions, own } = gallery
	const dataset = { name, origin, notices, classNames: [] }
	return {
		...settingsOf({ ...input, dataset, split: images }),
		retrieval: {
			level,
			captions: captions.length,
			gallery: jsonFingerprint([captions, own]),
			attacked: 'images',
		},
	}
}

/** Clean and adversarial image features of a gallery, batch by batch, and their scores with captions. */

import { z } from 'zod'
import type { PreparedAttack } from '../../attacks/attack-definition.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { runPadded } from '../../classifier/padded-run.js'
import { at } from '../../core/at.js'
import type { Immutable } from '../../core/immutable.js'
import { range, rowSize } from '../../core/rows.js'
import { float32, type Tensor } from '../../core/tensor.js'
import type { Gallery } from '../../data/captions/gallery.js'
import { ops } from '../../onnx/graph.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import { classLogits } from '../../vlm/towers.js'
import { preparedImages } from '../robustness/evaluate.js'

/** Features of one image, float32 in base64, as in the log of a running retrieval. @param width Values per feature. */
export function featureEntrySchema(width: number) {
	const feature = z.base64().length(4 * Math.ceil((4 * width) / 3))
	return z.strictObject({ id: z.string(), clean: feature, adversarial: feature })
}

/** Features of one image, float32 in base64. */
export type ImageFeatureEntry = Immutable<z.output<ReturnType<typeof featureEntrySchema>>>

/** The input of {@link attackedFeatures}. */
export interface AttackedFeaturesInput {
	readonly clip: ClipModel
	readonly classifier: Classifier
	readonly gallery: Gallery
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly seed: number
	readonly batchSize: number
	/** Ids of finished images. */
	readonly done: ReadonlySet<string>
}

/** Attacks every unfinished image of the gallery, and yields features batch by batch. */
export async function* attackedFeatures(input: AttackedFeaturesInput): AsyncGenerator<ImageFeatureEntry[]> {
	const { clip, classifier, gallery, attack, threatModel, seed, batchSize, done } = input
	const streams = imageStreams(seed)
	const todo = range(0, gallery.images.length).filter((index) => !done.has(gallery.images.id(index)))
	for (let start = 0; start < todo.length; start += batchSize) {
		const positions = todo.slice(start, start + batchSize)
		const images = await preparedImages(clip, gallery.images, positions)
		const ids = positions.map((position) => gallery.images.id(position))
		const labels = positions.map((position) => gallery.images.label(position))
		const adversarial = await attackBatch(attack, classifier, { images, labels, ids }, threatModel, streams)
		const [clean, attacked] = [await features(classifier, images), await features(classifier, adversarial)]
		yield ids.map((id, row) => ({ id, clean: encoded(clean, row), adversarial: encoded(attacked, row) }))
	}
}

async function features(classifier: Classifier, images: Tensor<'float32'>): Promise<Tensor<'float32'>> {
	const { imageFeatures } = await classifier.evaluate(images, ['imageFeatures'])
	return imageFeatures!
}

function encoded(tensor: Tensor<'float32'>, row: number): string {
	const size = rowSize(tensor)
	const own = tensor.data.slice(row * size, (row + 1) * size)
	return Buffer.from(own.buffer).toString('base64')
}

/** The features of an entry. */
export function decoded(base64: string): Float32Array {
	return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)
}

/** Scores of images with captions. */
export interface CaptionScorer {
	/** Yields the logits image by image; only one batch of rows is in memory at a time. */
	rows(features: readonly string[]): AsyncGenerator<Float32Array>
	release(): Promise<void>
}

const imagesPerRun = 64

/** Compiles the scores: the same cosines times the same scale as in the classifier. @param textFeatures [M, E]. */
export async function captionScorer(
	engine: Engine,
	clip: ClipModel,
	textFeatures: Tensor<'float32'>,
): Promise<CaptionScorer> {
	const width = at(textFeatures.shape, 1)
	const captions = at(textFeatures.shape, 0)
	const input = ops.input('features', 'float32', ['B', width])
	const logits = classLogits(clip, input, ops.literal(textFeatures))
	const program = await engine.compile({ logits }, { name: 'retrieval scores' })
	return {
		async *rows(all) {
			for (let start = 0; start < all.length; start += imagesPerRun) {
				const part = all.slice(start, start + imagesPerRun)
				const data = new Float32Array(part.length * width)
				for (const [row, feature] of part.entries()) data.set(decoded(feature), row * width)
				const batch = { features: float32([part.length, width], data) }
				const fixed = engine.device === 'cpu' ? undefined : imagesPerRun
				const { logits } = await runPadded(program, part.length, batch, {}, { exactly: fixed })
				const scores = (logits as Tensor<'float32'>).data
				for (const row of part.keys()) yield scores.subarray(row * captions, (row + 1) * captions)
			}
		},
		release: () => program.release(),
	}
}

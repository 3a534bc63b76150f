/** What the preparation inside of a graph makes of pictures, against naptune's own. */

import { readFile } from 'node:fs/promises'
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common'
import type { Classifier } from '../classifier/classifier.js'
import { at, entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { float32 } from '../core/tensor.js'
import { preparedImages } from '../evaluation/robustness/evaluate.js'
import type { DecodedImage } from '../images/decode.js'
import type { ExportMeasurement } from '../records/export.js'
import { bytesOfPixelValues, imageName } from './inside-preparation.js'
import { best, type MeasureInput } from './measure-classifier.js'

/**
 * Runs the exported file on whole pictures, one by one.
 * @param path Of the file. @param alone The graph of preparation alone, as bytes. @param run The run's deployed classifier.
 */
export async function measurePreparation(
	{ clip, split, signal }: MeasureInput,
	path: string,
	alone: Uint8Array,
	run: Classifier,
): Promise<ExportMeasurement['preparation']> {
	const runtime = await plainRuntime()
	const [whole, prepare] = await Promise.all([runtime.open(path), runtime.open(alone)])
	const levels = levelComparison()
	let same = 0
	try {
		for (let index = 0; index < split.length; index++) {
			if (signal.aborted) throw new NaptuneError('NAP_STOPPED', 'Stopped. Nothing was written.')
			const feeds = { [imageName]: pictureTensor(runtime.Tensor, await split.image(index)) }
			const prepared = await preparedImages(clip, split, [index])
			const values = entry(await prepare.run(feeds), 'pixel_values').data as Float32Array
			const own = bytesOfPixelValues(float32(prepared.shape, values), clip.statistics).data
			levels.add(
				own.map((level) => level / 255),
				prepared.data,
			)
			const given = entry(await whole.run(feeds), 'logits').data as Float32Array
			const expected = entry(await run.evaluate(prepared, ['logits']), 'logits').data
			if (best(given) === best(expected)) same++
		}
	} finally {
		await whole.release()
		await prepare.release()
	}
	return {
		images: split.length,
		...levels.found(),
		labelAgreement: same / split.length,
	}
}

/** How far two preparations of pictures are apart. */
export interface LevelComparison {
	/** Takes in a picture. Pixels are in [0, 1]. */
	add(one: Float32Array, other: Float32Array): void
	/** Share of the bytes that differ, and the largest difference in levels of 255; NaN is farther than any. */
	found(): Pick<NonNullable<ExportMeasurement['preparation']>, 'differingPixels' | 'largestDifference'>
}

/** Compares preparations of pictures, as bytes. */
export function levelComparison(): LevelComparison {
	let differing = 0
	let pixels = 0
	let largest = 0
	return {
		add(one, other) {
			pixels += other.length
			for (const [index, value] of other.entries()) {
				const difference = Math.abs(Math.round(value * 255) - Math.round(at(one, index) * 255))
				if (difference !== 0) differing++
				largest = difference <= largest ? largest : difference
			}
		},
		found: () => ({ differingPixels: differing / pixels, largestDifference: largest }),
	}
}

function pictureTensor(Tensor: typeof OrtTensor, { width, height, rgb }: DecodedImage): OrtTensor {
	return new Tensor('uint8', new Uint8Array(rgb), [1, height, width, 3])
}

interface PlainRuntime {
	readonly Tensor: typeof OrtTensor
	/** Opens a model by its path or bytes. */
	open(model: string | Uint8Array): Promise<InferenceSession>
}

/** onnxruntime itself: the engine's programs take no bytes. */
async function plainRuntime(): Promise<PlainRuntime> {
	const native = await import('onnxruntime-node').catch(() => undefined)
	const runtime = native ?? (await import('onnxruntime-web'))
	return {
		Tensor: runtime.Tensor,
		open: async (model) =>
			runtime.InferenceSession.create(typeof model === 'string' ? new Uint8Array(await readFile(model)) : model),
	}
}

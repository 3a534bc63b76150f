/** What an exported classifier is worth: its own answers beside those of the run, and under attack. */

import { prepareAttack } from '../attacks/registry.js'
import type { AttackCounts } from '../attacks/run/tell-progress.js'
import type { ThreatModel } from '../attacks/sets/threat-model.js'
import type { Classifier } from '../classifier/classifier.js'
import { decorate } from '../classifier/decorate.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { range } from '../core/rows.js'
import type { Tensor } from '../core/tensor.js'
import type { Split } from '../data/dataset.js'
import {
	type EvaluationResult,
	evaluateImages,
	preparedImages,
	splitImages,
} from '../evaluation/robustness/evaluate.js'
import type { ExportMeasurement } from '../records/export.js'
import type { ClipModel } from '../vlm/model.js'

/** The attack by which exports are measured. */
export const exportAttack = 'pgd-20'

/** What measuring needs. */
export interface MeasureInput {
	readonly clip: ClipModel
	/** Test images, the same for everything that is measured. */
	readonly split: Split
	readonly threatModel: ThreatModel
	readonly seed: number
	readonly batchSize: number
	readonly signal: AbortSignal
	readonly onProgress?: (counts: AttackCounts) => void
}

/** Logits of the exported file for pixels [B, 3, S, S] in [0, 1]. */
export type FileLogits = (pixels: Tensor<'float32'>) => Promise<Tensor<'float32'>>

/** How far the logits of a file are from those of the run it was made of. @param run Its deployed classifier. */
export async function measureParity(
	{ clip, split, batchSize, signal }: MeasureInput,
	run: Classifier,
	fileLogits: FileLogits,
): Promise<ExportMeasurement['parity']> {
	let largest = 0
	let differences = 0
	let squares = 0
	let same = 0
	for (let start = 0; start < split.length; start += batchSize) {
		if (signal.aborted) throw new NaptuneError('NAP_STOPPED', 'Stopped. Nothing was written.')
		const pixels = await preparedImages(clip, split, range(start, Math.min(split.length, start + batchSize)))
		const { logits } = await run.evaluate(pixels, ['logits'])
		const expected = at([logits], 0).data
		const { data: found } = await fileLogits(pixels)
		const classes = run.classNames.length
		for (const [index, value] of expected.entries()) {
			const difference = Math.abs(at(found, index) - value)
			// Not a number is farther than any.
			largest = difference <= largest ? largest : difference
			differences += difference ** 2
			squares += value ** 2
		}
		for (let row = 0; row < expected.length / classes; row++) {
			const part = (data: Float32Array) => data.subarray(row * classes, (row + 1) * classes)
			if (best(part(expected)) === best(part(found))) same++
		}
	}
	if (!Number.isFinite(largest)) {
		throw new NaptuneError(
			'NAP_VALUES_NOT_FINITE',
			'The exported file gives logits that are not finite numbers. Nothing was written.',
		)
	}
	return {
		images: split.length,
		largestLogitDifference: largest,
		relativeL2: Math.sqrt(differences / squares),
		labelAgreement: same / split.length,
	}
}

/** Position of the largest number, the first among equals. */
export function best(values: Float32Array): number {
	return values.reduce((winner, value, index) => (value > at(values, winner) ? index : winner), 0)
}

/**
 * Clean and robust accuracy of a file: every answer is the file's own, gradients are those of its graph as `attack --onnx`
 * reads it.
 * @param read The file as read for its gradient; it is not released.
 * @param pixels Of images by their positions, where they are prepared in another way than the checkpoint's.
 * @throws NaptuneError with code NAP_STOPPED when the signal stopped it.
 */
export async function measureRobustness(
	input: MeasureInput,
	read: Classifier,
	fileLogits: FileLogits | undefined,
	pixels?: (positions: readonly number[]) => Promise<Tensor<'float32'>>,
): Promise<Pick<EvaluationResult, 'clean' | 'robust'>> {
	const { clip, split, threatModel, seed, batchSize, signal, onProgress } = input
	const classifier = fileLogits
		? decorate(read, { taps: ['logits'], evaluate: async (_, pixels) => ({ logits: await fileLogits(pixels) }) })
		: read
	const attack = prepareAttack(exportAttack)
	const options = { classifier, attack, threatModel, seed, batchSize, signal, ...defined({ onProgress }) }
	const images = splitImages(clip, split)
	const found = await evaluateImages(options, pixels ? { ...images, pixels } : images)
	if (!found) throw new NaptuneError('NAP_STOPPED', 'Stopped. Nothing was written.')
	return { clean: found.clean, robust: found.robust }
}

/** The same of the run itself, for a file of another precision. */
export async function measureReference(
	input: MeasureInput,
	run: Classifier,
	maxDrop: number,
): Promise<ExportMeasurement['reference']> {
	return { ...(await measureRobustness(input, run, undefined)), maxDrop }
}

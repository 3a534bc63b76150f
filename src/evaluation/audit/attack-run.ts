/** One attack of an audit on all its images, and what the audit keeps of it. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import type { ImageStreams } from '../../attacks/run/image-streams.js'
import { perturbationSizes } from '../../attacks/sets/check-perturbation.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { predictions } from '../../classifier/predictions.js'
import { at } from '../../core/at.js'
import { range, takeRows } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { AttackRun } from '../../records/audit.js'
import { crossEntropies } from './logit-statistics.js'

export type { AttackRun } from '../../records/audit.js'

/** Labelled images in memory. */
export interface AuditImages {
	readonly ids: readonly string[]
	readonly labels: readonly number[]
	/** [n, channels, height, width] in [0, 1]. */
	readonly pixels: Tensor<'float32'>
}

/** Results on images without an attack. */
export interface CleanRun {
	readonly right: readonly boolean[]
	readonly losses: readonly number[]
}

/** The input of {@link runAuditAttack}. */
export interface AuditAttackInput {
	readonly key: string
	readonly attack: PreparedAttack
	/** The classifier to make images against. */
	readonly crafted: Classifier
	/** The classifier to try them on. */
	readonly judged: Classifier
	readonly clean: CleanRun
	/** Images worth attacking. */
	readonly open: readonly number[]
	readonly images: AuditImages
	readonly threatModel: ThreatModel
	readonly streams: ImageStreams
	readonly batchSize: number
	readonly onBatch: () => void
}

/** Attacks the open images; all others count as wrong. @returns The run, and all images, clean where not attacked. */
export async function runAuditAttack(
	input: AuditAttackInput,
): Promise<{ readonly run: AttackRun; readonly adversarial: Tensor<'float32'> }> {
	const { key, attack, crafted, judged, clean, open, images, threatModel, streams, batchSize } = input
	const right = images.ids.map(() => false)
	const losses = [...clean.losses]
	const adversarial: Tensor<'float32'> = { ...images.pixels, data: images.pixels.data.slice() }
	const size = adversarial.data.length / images.ids.length
	let [largest, outside] = [0, 0]
	for (let start = 0; start < open.length; start += batchSize) {
		input.onBatch()
		const rows = open.slice(start, start + batchSize)
		const ids = rows.map((row) => at(images.ids, row))
		const labels = rows.map((row) => at(images.labels, row))
		const pixels = takeRows(images.pixels, rows)
		const found = await attackBatch(attack, crafted, { images: pixels, labels, ids }, threatModel, streams)
		const { logits } = await judged.evaluate(found, ['logits'])
		const predicted = predictions(logits!, ids)
		const loss = crossEntropies(logits!, labels)
		rows.forEach((row, index) => {
			right[row] = predicted[index] === labels[index]
			losses[row] = at(loss, index)
			adversarial.data.set(found.data.subarray(index * size, (index + 1) * size), row * size)
		})
		largest = Math.max(largest, ...perturbationSizes(pixels, found, threatModel.norm))
		for (const value of found.data) if (!(value >= 0 && value <= 1)) outside++
	}
	return { run: { key, right, losses, attacked: open.length, threatModel, largest, outside }, adversarial }
}

/** Logits [n, C] of images, batch by batch. */
export async function logitsOf(
	classifier: Classifier,
	pixels: Tensor<'float32'>,
	batchSize: number,
): Promise<Tensor<'float32'>> {
	const count = at(pixels.shape, 0)
	const classes = classifier.classNames.length
	const data = new Float32Array(count * classes)
	for (let start = 0; start < count; start += batchSize) {
		const rows = range(start, Math.min(start + batchSize, count))
		const { logits } = await classifier.evaluate(takeRows(pixels, rows), ['logits'])
		data.set(logits!.data, start * classes)
	}
	return { type: 'float32', shape: [count, classes], data }
}

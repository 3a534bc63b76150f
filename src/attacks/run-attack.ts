/** Attacking many images in batches. */

import { NaptuneError } from '../errors.js'
import type { Tensor } from '../onnx/tensor.js'
import type { ImageStreams } from './attack.js'
import type { PreparedAttack } from './attack-definition.js'
import { joinRows, range, takeRows } from './batch-rows.js'
import type { Classifier } from './classifier.js'
import { predictions } from './predictions.js'
import type { ThreatModel } from './threat-model.js'

/** Labelled images that are loaded when needed. Positions run from 0 to `ids.length` - 1. */
export interface AttackImages {
	/** Stable image ids, each once. */
	readonly ids: readonly string[]
	/** True labels. */
	readonly labels: readonly number[]
	/** Targets, for a targeted attack. */
	readonly targets?: readonly number[]
	/** Clean images at these positions, [n, 3, H, W] in [0, 1]. */
	pixels(positions: readonly number[]): Promise<Tensor<'float32'>>
}

/** What became of one image. */
export interface AttackOutcome {
	readonly id: string
	readonly label: number
	readonly cleanPrediction: number
	/** Prediction on the adversarial image; on the clean one where that was not attacked. */
	readonly adversarialPrediction: number
	/** Whether it was attacked, rather than skipped because its clean prediction is wrong. */
	readonly attacked: boolean
}

/** Outcomes as they come, in the order in which images are finished. */
export interface AttackProgress {
	readonly outcomes: readonly AttackOutcome[]
	/** Adversarial images [n, 3, H, W] of those outcomes that were attacked, in their order; with `keepImages`. */
	readonly images?: Tensor<'float32'>
}

/** Counts so far. */
export interface AttackCounts {
	readonly done: number
	readonly total: number
	readonly attacked: number
	/** Images predicted right, clean and under attack: done · robust accuracy. */
	readonly robust: number
}

/** What {@link runAttack} needs. */
export interface RunAttackOptions {
	readonly classifier: Classifier
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly images: AttackImages
	readonly streams: ImageStreams
	/** Images per batch, at least 1. */
	readonly batchSize: number
	/** Whether images with a wrong clean prediction are not attacked: they are errors already. Default false. */
	readonly skipWrong?: boolean
	/** Positions that are done already, from a run before. */
	readonly done?: ReadonlySet<number>
	/** Whether adversarial images are handed back. Default false. */
	readonly keepImages?: boolean
	/** Called after every batch. */
	readonly onProgress?: (counts: AttackCounts) => void
}

/**
 * Attacks images batch by batch and yields outcomes; stop by leaving the loop. To resume, pass the positions that are
 * done: on the CPU no outcome depends on what else is in its batch. With `skipWrong`, batches are filled up with images
 * worth attacking.
 * @throws NaptuneError when ids, labels and targets do not fit together, or the batch size is not a positive number.
 */
export async function* runAttack(options: RunAttackOptions): AsyncGenerator<AttackProgress, void, undefined> {
	const { classifier, images, batchSize, skipWrong = false, done = new Set(), keepImages = false } = options
	checkImages(images, options.attack)
	if (!Number.isInteger(batchSize) || batchSize < 1) {
		throw new NaptuneError(`The batch size of an attack must be a whole number >= 1, got ${batchSize}.`)
	}
	const todo = range(0, images.ids.length).filter((position) => !done.has(position))
	const counts = { done: 0, total: todo.length, attacked: 0, robust: 0 }
	let waiting: Candidates | undefined

	for (let start = 0; start < todo.length; start += batchSize) {
		const positions = todo.slice(start, start + batchSize)
		const looked = await look(classifier, images, positions)
		const rows = range(0, positions.length)
		const wrong = rows.filter((row) => skipWrong && looked.clean[row] !== images.labels[positions[row]!])
		const outcomes = wrong.map((row) => outcome(images, positions[row]!, looked.clean[row]!))
		const worth = rows.filter((row) => !wrong.includes(row))
		waiting = join(waiting, choose(looked, worth))
		const parts: Tensor<'float32'>[] = []
		const last = start + batchSize >= todo.length
		while (waiting && (waiting.positions.length >= batchSize || last)) {
			const count = waiting.positions.length
			const now = choose(waiting, range(0, Math.min(batchSize, count)))!
			waiting = choose(waiting, range(batchSize, count))
			const adversarial = await attackBatch(options, now)
			outcomes.push(...adversarial.outcomes)
			if (keepImages) parts.push(adversarial.images)
		}
		counts.done += outcomes.length
		counts.attacked += outcomes.filter(({ attacked }) => attacked).length
		counts.robust += outcomes.filter(isRobust).length
		if (outcomes.length > 0) yield { outcomes, ...(parts.length > 0 && { images: joinRows(parts) }) }
		options.onProgress?.({ ...counts })
	}
}

/** Whether an image counts as robust: right when clean, and right under attack. */
export function isRobust({ label, cleanPrediction, adversarialPrediction }: AttackOutcome): boolean {
	return cleanPrediction === label && adversarialPrediction === label
}

/** Images with their clean predictions. */
interface Candidates {
	readonly positions: readonly number[]
	readonly pixels: Tensor<'float32'>
	readonly clean: readonly number[]
}

async function look(classifier: Classifier, images: AttackImages, positions: readonly number[]): Promise<Candidates> {
	const pixels = await images.pixels(positions)
	const { logits } = await classifier.evaluate(pixels, ['logits'])
	const ids = positions.map((position) => images.ids[position]!)
	return { positions, pixels, clean: predictions(logits!, ids) }
}

async function attackBatch(
	{ classifier, attack, threatModel, images, streams }: RunAttackOptions,
	{ positions, pixels, clean }: Candidates,
): Promise<{ readonly outcomes: AttackOutcome[]; readonly images: Tensor<'float32'> }> {
	const ids = positions.map((position) => images.ids[position]!)
	const labels = positions.map((position) => (attack.targeted ? images.targets! : images.labels)[position]!)
	const adversarial = await attack.run(classifier, { images: pixels, labels, ids }, threatModel, streams)
	const { logits } = await classifier.evaluate(adversarial, ['logits'])
	const predicted = predictions(logits!, ids)
	const outcomes = positions.map((position, row) => outcome(images, position, clean[row]!, predicted[row]!))
	return { outcomes, images: adversarial }
}

function outcome(images: AttackImages, position: number, clean: number, adversarial?: number): AttackOutcome {
	return {
		id: images.ids[position]!,
		label: images.labels[position]!,
		cleanPrediction: clean,
		adversarialPrediction: adversarial ?? clean,
		attacked: adversarial !== undefined,
	}
}

function choose({ positions, pixels, clean }: Candidates, rows: readonly number[]): Candidates | undefined {
	if (rows.length === 0) return undefined
	return {
		positions: rows.map((row) => positions[row]!),
		pixels: takeRows(pixels, rows),
		clean: rows.map((row) => clean[row]!),
	}
}

function join(a: Candidates | undefined, b: Candidates | undefined): Candidates | undefined {
	if (!a || !b) return a ?? b
	return {
		positions: [...a.positions, ...b.positions],
		pixels: joinRows([a.pixels, b.pixels]),
		clean: [...a.clean, ...b.clean],
	}
}

function checkImages({ ids, labels, targets }: AttackImages, { name, targeted }: PreparedAttack): void {
	if (labels.length !== ids.length || (targets && targets.length !== ids.length)) {
		throw new NaptuneError(
			`The attack was given ${ids.length} images with ${labels.length} labels${targets ? ` and ${targets.length} targets` : ''}; one per image was expected.`,
		)
	}
	if (targeted && !targets) throw new NaptuneError(`Attack ${name} is targeted: give a target class for every image.`)
	if (new Set(ids).size === ids.length) return
	const twice = ids.find((id, position) => ids.indexOf(id) !== position)
	throw new NaptuneError(`Two images have the id ${twice}; ids key an image's randomness and must be unique.`)
}

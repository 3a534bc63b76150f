/**
 * A short benchmark of an experiment's parts on this device: for each method a tuning step, a gradient with respect to
 * pixels and an evaluation of images, and a step of each surrogate. It runs the same code as the experiment.
 */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crossEntropyObjective } from '../../classifier/objectives/objective.js'
import { at } from '../../core/at.js'
import { float32, tensor } from '../../core/tensor.js'
import type { Dataset, Split } from '../../data/dataset.js'
import { initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { deployedClassifier } from '../../evaluation/deployed/deployed-classifier.js'
import type { DecodedImage } from '../../images/decode.js'
import { createTextSide } from '../../methods/tuning/text-side.js'
import { tune } from '../../methods/tuning/tune.js'
import { generator } from '../../random/counter-based.js'
import type { Engine } from '../../runtime/engine.js'
import type { TunedCell } from '../cells.js'

/** Wall-clock and processor time; the latter counts all threads, and does not grow with other load. */
export interface Seconds {
	readonly wall: number
	readonly processor: number
}

/** The costs of a method on a device. */
export interface MethodRates {
	/** A step without its text side, per image. */
	readonly visit: Seconds
	/** Text features and their gradient, per class and step. */
	readonly textClass: Seconds
	/** Per image of the feature bank. */
	readonly bank: Seconds
	/** One evaluation of an image by the deployed model, and one gradient with respect to its pixels. */
	readonly evaluation: Seconds
	readonly gradient: Seconds
	/** Bytes of a finished run on disk, and the most that a run in progress has. */
	readonly runBytes: number
	/** Resident bytes with a micro-batch of this size. */
	readonly resident: { readonly bytes: number; readonly microBatch: number }
	readonly trainableParameters: number
}

/** Size of the invented pictures if the data is missing: that of usual photographs. */
const photograph = { width: 500, height: 375 }

/** Most classes to measure; costs that grow with classes are extrapolated. */
const mostClasses = 10

/** Images per step, by the width of the image tower: a larger model saturates a device with few. */
function batchOf(width: number): number {
	return width >= 512 ? 2 : 50
}

/** Seconds that repeated measurements take at least, and how many there are at least of something quick. */
const repeat = { seconds: 0.6, times: 3 }

/**
 * Measures one method on one model.
 * @param cell A cell of the experiment, whose configuration is measured on few images for few epochs.
 * @param folder An empty folder, which will hold a run.
 * @param planned Whether the data set is missing, so that pictures must be invented.
 */
export async function measureMethod(
	engine: Engine,
	cell: TunedCell,
	folder: string,
	planned: boolean,
): Promise<MethodRates> {
	const { model, dataset, tuning, control } = cell
	const { clip } = model
	const batch = Math.min(
		batchOf(clip.config.vision.width),
		tuning?.config.batchSize ?? 50,
		tuning?.config.microBatchSize ?? 50,
	)
	const small = fewImages(dataset, batch, planned)
	const defense = control
		? prepareDefense('vanilla', clip, small.classNames, {})
		: prepareDefense(cell.tuning?.config.defense.name ?? '', clip, small.classNames, tuning?.config.defense.options)
	const run = tuning ? await measuredTuning(engine, cell, small, batch, folder) : undefined
	const parameters = await initialParameters(defense, 1)
	const text = tuning ? await measuredText(engine, defense, parameters, small.classNames.length) : noSeconds
	const classifier = await deployedClassifier(engine, clip, defense, parameters)
	try {
		const { imageSize } = clip.config.vision
		const stream = generator(1, 'benchmark')
		const pixels = Float32Array.from({ length: batch * 3 * imageSize ** 2 }, () => stream.uniform())
		const images = float32([batch, 3, imageSize, imageSize], pixels)
		const labels = tensor(
			'int64',
			[batch],
			BigInt64Array.from({ length: batch }, (_, row) => BigInt(row % small.classNames.length)),
		)
		const evaluation = await repeated(() => classifier.evaluate(images, ['logits']))
		const gradient = await repeated(() => classifier.gradient(images, crossEntropyObjective, { labels }))
		const step = run?.step ?? noSeconds
		return {
			visit: over(less(step, over(text, 1 / small.classNames.length)), batch),
			textClass: text,
			bank: run?.bank ?? noSeconds,
			evaluation: over(evaluation, batch),
			gradient: over(gradient, batch),
			runBytes: run?.bytes ?? 0,
			resident: { bytes: run?.resident ?? process.memoryUsage.rss(), microBatch: batch },
			trainableParameters: [...defense.parameters.values()].reduce(
				(sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1),
				0,
			),
		}
	} finally {
		await classifier.release()
	}
}

/** A tuning step, and an image of the bank. */
async function measuredTuning(
	engine: Engine,
	{ model, tuning }: TunedCell,
	small: Dataset,
	batch: number,
	folder: string,
) {
	if (!tuning) throw new RangeError('Nothing is tuned.')
	const shots = Math.ceil(batch / small.classNames.length)
	const epochs = batchOf(model.clip.config.vision.width) < 10 ? 2 : 6
	const config = { ...tuning.config, shots, batchSize: batch, microBatchSize: batch, epochs, stopOnCollapse: false }
	const ends: Seconds[] = []
	const banked: (Seconds & { readonly done: number })[] = []
	const { residentBytes } = await tune({
		engine,
		clip: model.clip,
		dataset: small,
		config,
		output: folder,
		onEpoch: () => ends.push(clock()),
		onBank: (done) => banked.push({ ...clock(), done }),
	})
	const stepsPerEpoch = Math.floor((shots * small.classNames.length) / batch)
	const epochSeconds = ends.slice(1).map((end, index) => less(end, at(ends, index)))
	const [first, final] = [banked[0], banked.at(-1)]
	return {
		step: over(middle(epochSeconds), stepsPerEpoch),
		bank: first && final && final.done > first.done ? over(less(final, first), final.done - first.done) : noSeconds,
		bytes: await bytesBelow(folder),
		resident: residentBytes,
	}
}

/** Text features and their gradient, per class. */
async function measuredText(
	engine: Engine,
	defense: ReturnType<typeof prepareDefense>,
	parameters: Awaited<ReturnType<typeof initialParameters>>,
	classes: number,
): Promise<Seconds> {
	const side = await createTextSide(engine, defense, 64)
	try {
		const once = async () => {
			const { data } = await side.features(parameters)
			await side.backward(parameters, data, () => {})
		}
		return over(await repeated(once), classes)
	} finally {
		await side.release()
	}
}

/** A data set with a few images of a few classes; pictures are invented if it holds none. */
export function fewImages(dataset: Dataset, batch: number, planned: boolean): Dataset {
	const classNames = dataset.classNames.slice(0, mostClasses)
	const images = classNames.length * Math.ceil(batch / classNames.length)
	const { train } = dataset
	const madeUp = madeUpPhotograph()
	const split: Split = {
		length: images,
		label: (index) => index % classNames.length,
		id: (index) => `benchmark ${index}`,
		image: (index) => (planned ? madeUp() : train.image(index % train.length)),
		...(!planned && train.view
			? { view: async (index, view) => (train.view ?? never)(index % train.length, view) }
			: {}),
	}
	return { ...dataset, classNames, train: split, validation: { ...split, length: 0 }, test: split }
}

const never = () => {
	throw new RangeError('There is no view.')
}

/** One picture of noise, drawn on first use. */
function madeUpPhotograph(): () => Promise<DecodedImage> {
	let drawn: DecodedImage | undefined
	return async () => {
		const { width, height } = photograph
		const stream = generator(1, 'made-up photograph')
		drawn ??= {
			width,
			height,
			rgb: Uint8Array.from({ length: 3 * width * height }, () => Math.floor(256 * stream.uniform())),
		}
		return drawn
	}
}

const noSeconds: Seconds = { wall: 0, processor: 0 }

function clock(): Seconds {
	const { user, system } = process.cpuUsage()
	return { wall: performance.now() / 1000, processor: (user + system) / 1e6 }
}

/** Never below zero: measuring a part may take longer than measuring the whole. */
function less(a: Seconds, b: Seconds): Seconds {
	return { wall: Math.max(0, a.wall - b.wall), processor: Math.max(0, a.processor - b.processor) }
}

function over({ wall, processor }: Seconds, divisor: number): Seconds {
	return { wall: wall / divisor, processor: processor / divisor }
}

/** The median of several measurements, for wall-clock and processor time separately. */
function middle(all: readonly Seconds[]): Seconds {
	const of = (read: (one: Seconds) => number) =>
		at(
			all.map(read).sort((a, b) => a - b),
			Math.floor((all.length - 1) / 2),
		)
	return { wall: of(({ wall }) => wall), processor: of(({ processor }) => processor) }
}

/** Seconds of an action, after one run that does not count. */
export async function repeated(action: () => Promise<unknown>): Promise<Seconds> {
	await action()
	const all: Seconds[] = []
	const started = clock()
	const elapsed = () => clock().wall - started.wall
	while (elapsed() < repeat.seconds || (all.length < repeat.times && elapsed() < repeat.times * repeat.seconds)) {
		const before = clock()
		await action()
		all.push(less(clock(), before))
	}
	return middle(all)
}

async function bytesBelow(folder: string): Promise<number> {
	const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
	const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size))
	return sizes.reduce((sum, size) => sum + size, 0)
}

/** Returns the time since its creation. */
export function stopwatch(): () => Seconds {
	const started = clock()
	return () => less(clock(), started)
}

/** Trains a small convolutional classifier on labelled images. */

import { dirname } from 'node:path'
import { entry } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { elementCount, float32, int64, type Tensor } from '../../core/tensor.js'
import type { Dataset } from '../../data/dataset.js'
import { readJsonLines } from '../../files/json-lines.js'
import { makeFolder } from '../../files/make-folder.js'
import { randomCropWithPadding } from '../../images/augment.js'
import { generator, permutation } from '../../random/counter-based.js'
import { parseRecord } from '../../records/record-kind.js'
import { surrogateEpochForm } from '../../records/surrogate.js'
import type { Engine } from '../../runtime/engine.js'
import { batchAccuracy, classifierAccuracy } from './accuracy.js'
import { classifierStep, finishedClassifier } from './classifier-programs.js'
import { surrogateFiles } from './files.js'
import { shapesOf } from './network/network-forms.js'
import type { ClassifierRecipe } from './recipe.js'
import { type SquareImages, squareImages } from './square-images.js'
import { numberOf, readStepOutputs } from './step-results.js'
import { describeSurrogate, finishedSurrogate, type SurrogateResult, writeSurrogate } from './surrogate-record.js'
import { type TrainingFollower, trainSurrogate } from './surrogate-training.js'

/** The input of {@link trainClassifier}. */
export interface TrainClassifierInput extends TrainingFollower {
	readonly engine: Engine
	readonly dataset: Dataset
	readonly recipe: ClassifierRecipe
	/** The `.onnx` file to write; record, log and state go beside it. */
	readonly output: string
	/** Called with the number of training images read so far. */
	readonly onImage?: (done: number, total: number) => void
}

interface Batch {
	readonly pixels: Tensor<'float32'>
	readonly labels: readonly number[]
}

/**
 * Trains a classifier on the training images and measures it on the test images. Continues an earlier call with the same
 * input and produces the same bytes; does not retrain a finished surrogate.
 * @returns Its quality, or undefined when stopped early.
 * @throws NaptuneError when the data do not fit, a loss or gradient is not finite, or `output` holds another surrogate.
 */
export async function trainClassifier(input: TrainClassifierInput): Promise<SurrogateResult | undefined> {
	const { engine, dataset, recipe, output } = input
	const files = surrogateFiles(output)
	const { train, classNames } = dataset
	const { batchSize, imageSize } = recipe
	if (train.length < batchSize) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${dataset.name} has ${train.length} training images, fewer than one batch of ${batchSize}. Give a smaller --batch-size.`,
		)
	}
	const classes = classNames.length
	const images = await squareImages(train, imageSize, 'crop', (done) => input.onImage?.(done, train.length))
	const data = { name: dataset.name, origin: dataset.origin, classNames, notices: dataset.notices }
	const description = describeSurrogate('classifier', recipe, images, data, engine)
	const done = await finishedSurrogate(files, description)
	if (done) return done
	const step = classifierStep(recipe, images.statistics, classes)
	const shapes = shapesOf(step.parameters)
	await makeFolder(dirname(files.model))
	const program = await engine.compile(step.outputs, { name: 'training' })
	try {
		const { finished, parameters, averages, seconds } = await trainSurrogate<Batch>(
			{
				engine,
				files,
				description,
				parameters: shapes,
				averages: shapesOf(step.averages),
				recipe,
				images: images.length,
				batch: (epoch, at) => batchOf(images, recipe, epoch, at),
				async gradients({ pixels, labels }, { parameters }) {
					const results = await program.run({ pixels, labels: int64([labels.length], labels), ...parameters })
					return {
						...readStepOutputs(results, shapes.keys(), [step.statistics]),
						numbers: {
							loss: numberOf(results, 'loss'),
							accuracy: batchAccuracy(entry(results, 'logits') as Tensor<'float32'>, labels),
						},
					}
				},
			},
			input,
		)
		if (!finished) return undefined
		const network = finishedClassifier(recipe, images.statistics, classes, { ...parameters, ...averages })
		const tested = dataset.test.length > 0
		const { records } = await readJsonLines(files.log)
		return await writeSurrogate(files, { ...network }, classifierMetadata(recipe, images, classNames), description, {
			parameters: [...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0),
			seconds,
			lastEpoch: parseRecord(surrogateEpochForm, records.at(-1), `The last line of ${files.log}`),
			...defined({
				testAccuracy: tested ? await classifierAccuracy(engine, network.logits, dataset.test, imageSize) : undefined,
				testImages: tested ? dataset.test.length : undefined,
			}),
		})
	} finally {
		await program.release()
	}
}

/** Metadata for readers of the file; see the README's section on surrogates. */
function classifierMetadata(
	recipe: ClassifierRecipe,
	{ sha256, statistics }: SquareImages,
	classNames: readonly string[],
): Record<string, string> {
	return {
		kind: 'naptune surrogate classifier',
		class_names: JSON.stringify(classNames),
		input_size: String(recipe.imageSize),
		input_layout: 'NCHW',
		input_range: '[0, 1]',
		normalization: JSON.stringify({ inside: true, ...statistics }),
		recipe: JSON.stringify(recipe),
		data_sha256: sha256,
	}
}

async function batchOf(
	images: SquareImages,
	{ seed, batchSize, padding, flip }: ClassifierRecipe,
	epoch: number,
	step: number,
): Promise<Batch> {
	const { size } = images
	const area = 3 * size * size
	const order = permutation(generator(seed, 'surrogate-order', epoch), images.length)
	const positions = order.slice(step * batchSize, (step + 1) * batchSize)
	const pixels = new Float32Array(positions.length * area)
	for (const [row, position] of positions.entries()) {
		const stream = generator(seed, 'surrogate-augmentation', epoch, images.id(position))
		const target = pixels.subarray(row * area, (row + 1) * area)
		const reach = Math.round(padding * size)
		randomCropWithPadding(await images.rgb(position), size, stream, target, { padding: reach, flip })
	}
	return {
		pixels: float32([positions.length, 3, size, size], pixels),
		labels: positions.map((position) => images.label(position)),
	}
}

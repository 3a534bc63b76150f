/**
 * Trains a surrogate from a pre-trained backbone and a new head, as AdvPT's authors did (their black.py: a
 * ResNet-50, a new last layer trained on the few-shot images for 90 epochs, AdamW 1e-3, cosine). It trains only the head, on
 * features computed once; the few-shot sample caps large data sets such as ImageNet.
 */

import { dirname } from 'node:path'
import { z } from 'zod'
import { at, entry, last } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { range, takeRows } from '../../core/rows.js'
import { float32, int64, type Tensor } from '../../core/tensor.js'
import type { Dataset, Split } from '../../data/dataset.js'
import { fewShot } from '../../data/few-shot.js'
import { atMost } from '../../data/subsets.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { explainIssues } from '../../files/explain-issues.js'
import { makeFolder } from '../../files/make-folder.js'
import { unitPixels } from '../../images/pixels.js'
import { grad, ops } from '../../onnx/graph.js'
import { generator, permutation } from '../../random/counter-based.js'
import type { SurrogateEpoch, SurrogateResult } from '../../records/surrogate.js'
import type { Engine } from '../../runtime/engine.js'
import { createOptimizerState, optimizers } from '../../training/optimizers.js'
import { learningRateAt } from '../../training/schedules.js'
import type { TensorSet } from '../../training/tensor-set.js'
import { batchAccuracy } from './accuracy.js'
import type { Backbone } from './backbone.js'
import { surrogateFiles } from './files.js'
import { squared, squareImages } from './square-images.js'
import { describeSurrogate, finishedSurrogate, writeSurrogate } from './surrogate-record.js'

const recipeSchema = z.strictObject({
	/** Training images per class. */
	shots: z.int().positive().default(16),
	epochs: z.int().positive().default(90),
	batchSize: z.int().positive().default(32),
	learningRate: z.number().positive().default(1e-3),
	/** Weight decay; PyTorch's default for AdamW. */
	weightDecay: z.number().nonnegative().default(0.01),
	/** Seed of the few-shot sample, initial values and order. */
	seed: z.int().nonnegative().default(1),
	/** Maximum number of test images for accuracy. */
	testImages: z.int().positive().default(1000),
})

/** Training settings of a head. */
export type HeadRecipe = z.output<typeof recipeSchema>

/** Completes a recipe. @throws NaptuneError naming every wrong or unknown setting. */
export function headRecipe(settings: z.input<typeof recipeSchema>): HeadRecipe {
	const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
	const parsed = recipeSchema.safeParse(given)
	if (parsed.success) return parsed.data
	throw new NaptuneError(
		'NAP_OPTION_INVALID',
		`The settings of the head are invalid:\n${explainIssues(parsed.error, recipeSchema, given)}`,
	)
}

/** The input of {@link trainHead}. */
export interface TrainHeadInput {
	readonly engine: Engine
	readonly dataset: Dataset
	readonly backbone: Backbone
	readonly recipe: HeadRecipe
	/** The `.onnx` file to write; record and log go beside it. */
	readonly output: string
	/** Called with the number of images that have passed the backbone. */
	readonly onImage?: (done: number, total: number) => void
	readonly onEpoch?: (means: SurrogateEpoch) => void
	readonly signal?: AbortSignal
}

/** Images per backbone batch, if it accepts several. */
const imagesAtOnce = 16

/**
 * Trains a head and writes backbone and head as one ONNX file that takes pixels in [0, 1].
 * @returns Undefined when stopped by the signal, which writes nothing.
 * @throws NaptuneError when there are no training images, or `output` holds another model.
 */
export async function trainHead(input: TrainHeadInput): Promise<SurrogateResult | undefined> {
	const { engine, backbone, recipe, signal } = input
	const { shots, epochs, seed, learningRate, weightDecay } = recipe
	const sample = fewShot(input.dataset, shots, seed)
	const { name, origin, classNames, notices, train } = sample
	if (train.length === 0) throw new NaptuneError('NAP_DATA_EMPTY', `${name} has no training images for a head.`)
	const files = surrogateFiles(input.output)
	const size = backbone.input.shape[1]
	const test = atMost(input.dataset.test, Math.min(recipe.testImages, Math.max(1, input.dataset.test.length)), seed)
	const images = await squareImages(train, size, 'crop')
	const described = { name: backbone.name, sha256: backbone.sha256, features: backbone.what, input: backbone.input }
	const description = describeSurrogate(
		'classifier',
		{ family: 'pretrained', backbone: described, ...recipe },
		images,
		{ name, origin, classNames, notices },
		engine,
	)
	const done = await finishedSurrogate(files, description)
	if (done) return done
	const started = performance.now()
	let seen = 0
	const total = train.length + test.length
	const featuresOf = (split: Split) =>
		extracted(engine, backbone, split, signal, (count) => {
			seen += count
			input.onImage?.(seen, total)
		})
	const features = await featuresOf(train)
	const testFeatures = features && (await featuresOf(test))
	if (!features || !testFeatures) return undefined
	const parameters = initialHead(backbone.width, classNames.length, seed)
	const labels = range(0, train.length).map((position) => train.label(position))
	const batchSize = Math.min(recipe.batchSize, train.length)
	const step = await headStep(engine, backbone.width, classNames.length, batchSize)
	const log: SurrogateEpoch[] = []
	try {
		const state = createOptimizerState('adamw', parameters)
		const steps = Math.floor(train.length / batchSize)
		for (let epoch = 0; epoch < epochs; epoch++) {
			if (signal?.aborted) return undefined
			const order = permutation(generator(seed, 'surrogate-head-order', epoch), train.length)
			const rate = learningRateAt(epoch, { learningRate, epochs })
			let [loss, accuracy] = [0, 0]
			for (let batch = 0; batch < steps; batch++) {
				const rows = order.slice(batch * batchSize, (batch + 1) * batchSize)
				const own = rows.map((row) => at(labels, row))
				const found = await step.run(takeRows(features, rows), own, parameters)
				loss += found.loss / steps
				accuracy += found.accuracy / steps
				optimizers.adamw.update(parameters, found.gradients, state, {
					learningRate: rate,
					betas: [0.9, 0.999],
					epsilon: 1e-8,
					weightDecay,
				})
			}
			const means = { epoch, learningRate: rate, loss, accuracy }
			log.push(means)
			input.onEpoch?.(means)
		}
	} finally {
		await step.release()
	}
	const { weight, bias } = parameters as { weight: Tensor<'float32'>; bias: Tensor<'float32'> }
	const logits = ops.linear(backbone.features, ops.literal(weight), ops.literal(bias))
	await makeFolder(dirname(files.model))
	await writeFileAtomic(files.log, log.map((line) => `${JSON.stringify(line)}\n`).join(''))
	const right = testAccuracy(testFeatures, test, parameters)
	return writeSurrogate(
		files,
		{ logits, features: backbone.features },
		{
			kind: 'naptune surrogate classifier',
			class_names: JSON.stringify(classNames),
			input_size: String(size),
			input_layout: 'NCHW',
			input_range: '[0, 1]',
			normalization: JSON.stringify({ inside: true, mean: backbone.input.mean, std: backbone.input.std }),
			recipe: JSON.stringify(description.recipe),
			data_sha256: images.sha256,
		},
		description,
		{
			parameters: weight.data.length + bias.data.length,
			seconds: (performance.now() - started) / 1000,
			lastEpoch: last(log),
			...(test.length > 0 ? { testAccuracy: right, testImages: test.length } : {}),
		},
	)
}

/** Features of all images of a split, [n, width]; undefined when stopped. */
async function extracted(
	engine: Engine,
	{ pixels, features, width, input }: Backbone,
	split: Split,
	signal: AbortSignal | undefined,
	onImages: (count: number) => void,
): Promise<Tensor<'float32'> | undefined> {
	const size = input.shape[1]
	const program = await engine.compile({ features }, { name: 'backbone' })
	const all = new Float32Array(split.length * width)
	const most = input.oneImage ? 1 : imagesAtOnce
	const area = 3 * size * size
	try {
		for (let start = 0; start < split.length; start += most) {
			if (signal?.aborted) return undefined
			const count = Math.min(most, split.length - start)
			const values = new Float32Array(count * area)
			for (let row = 0; row < count; row++) {
				values.set(unitPixels(squared(await split.image(start + row), size, 'crop')), row * area)
			}
			const results = await program.run({ [inputName(pixels)]: float32([count, 3, size, size], values) })
			all.set((entry(results, 'features') as Tensor<'float32'>).data, start * width)
			onImages(count)
		}
		return float32([split.length, width], all)
	} finally {
		await program.release()
	}
}

function inputName({ source }: Backbone['pixels']): string {
	return source.kind === 'input' ? source.name : 'pixels'
}

/** PyTorch's initial values of a linear layer: weight and bias uniform within 1 / sqrt(inputs). */
function initialHead(width: number, classes: number, seed: number): TensorSet {
	const bound = width ** -0.5
	const drawn = (name: string, count: number) => {
		const stream = generator(seed, 'surrogate-head', name)
		return Float32Array.from({ length: count }, () => (2 * stream.uniform() - 1) * bound)
	}
	return {
		weight: float32([classes, width], drawn('weight', classes * width)),
		bias: float32([classes], drawn('bias', classes)),
	}
}

/** A step: mean cross entropy of a batch of features with its gradients. */
async function headStep(engine: Engine, width: number, classes: number, batchSize: number) {
	const features = ops.input('features', 'float32', [batchSize, width])
	const labels = ops.input('labels', 'int64', [batchSize])
	const weight = ops.input('weight', 'float32', [classes, width])
	const bias = ops.input('bias', 'float32', [classes])
	const logits = ops.linear(features, weight, bias)
	const loss = ops.mul(ops.reduceSum(ops.crossEntropy(logits, labels)), 1 / batchSize)
	const gradients = grad(loss, [weight, bias])
	const program = await engine.compile(
		{ loss, logits, weightGradient: at(gradients, 0), biasGradient: at(gradients, 1) },
		{ name: 'training of a head' },
	)
	return {
		async run(rows: Tensor<'float32'>, own: readonly number[], parameters: TensorSet) {
			const results = await program.run({ features: rows, labels: int64([own.length], own), ...parameters })
			const tensorOf = (name: string) => entry(results, name) as Tensor<'float32'>
			return {
				loss: at(tensorOf('loss').data, 0),
				accuracy: batchAccuracy(tensorOf('logits'), own),
				gradients: { weight: tensorOf('weightGradient'), bias: tensorOf('biasGradient') },
			}
		},
		release: () => program.release(),
	}
}

/** Share of feature rows that the head classifies correctly. */
function testAccuracy({ data, shape }: Tensor<'float32'>, split: Split, { weight, bias }: TensorSet): number {
	if (!weight || !bias || split.length === 0) return 0
	const width = at(shape, 1)
	const classes = bias.data.length
	let right = 0
	for (let row = 0; row < split.length; row++) {
		let [best, most] = [0, Number.NEGATIVE_INFINITY]
		for (let label = 0; label < classes; label++) {
			let logit = at(bias.data, label)
			for (let index = 0; index < width; index++) {
				logit += at(data, row * width + index) * at(weight.data, label * width + index)
			}
			if (logit > most) [best, most] = [label, logit]
		}
		if (best === split.label(row)) right++
	}
	return right / split.length
}

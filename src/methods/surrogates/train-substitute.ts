/**
 * Trains a substitute for transfer attacks on unlabelled images, by self-supervised adversarial training as in AGS (Wang et
 * al., AAAI 2024; repository lwmming/AGS, `train_ags_lmdb.py`). The attack uses its mid-layer features.
 */

import { dirname } from 'node:path'
import { at, entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { elementCount, float32, type Tensor } from '../../core/tensor.js'
import type { Split } from '../../data/dataset.js'
import { readJsonLines } from '../../files/json-lines.js'
import { makeFolder } from '../../files/make-folder.js'
import { unitPixels } from '../../images/pixels.js'
import { generator, permutation } from '../../random/counter-based.js'
import { parseRecord } from '../../records/record-kind.js'
import { surrogateEpochForm } from '../../records/surrogate.js'
import type { Engine, Program } from '../../runtime/engine.js'
import { type ViewAttack, viewAttack } from './adversarial-view.js'
import { surrogateFiles } from './files.js'
import { shapesOf } from './network/network-forms.js'
import type { SubstituteRecipe } from './recipe.js'
import { type SquareImages, squareImages } from './square-images.js'
import { numberOf, readStepOutputs } from './step-results.js'
import { finishedSubstitute, type SubstituteGraphs, substituteGraphs } from './substitute-programs.js'
import {
	describeSurrogate,
	finishedSurrogate,
	type SurrogateData,
	type SurrogateResult,
	writeSurrogate,
} from './surrogate-record.js'
import {
	type SurrogateStep,
	type SurrogateWeights,
	type TrainingFollower,
	trainSurrogate,
} from './surrogate-training.js'
import { adversarialView, cleanView } from './views.js'

/** The input of {@link trainSubstitute}. */
export interface TrainSubstituteInput extends TrainingFollower {
	readonly engine: Engine
	/** Images; their labels are ignored. */
	readonly images: Split
	/** Name and origin of the images, for the record. */
	readonly data: SurrogateData
	readonly recipe: SubstituteRecipe
	/** The `.onnx` file to write; record, log and state go beside it. */
	readonly output: string
	/** Called with the number of images read so far. */
	readonly onImage?: (done: number, total: number) => void
}

interface Batch {
	readonly ids: readonly string[]
	readonly original: Tensor<'float32'>
	readonly first: Tensor<'float32'>
	readonly second: Tensor<'float32'>
}

interface Programs {
	readonly embed: Program
	readonly attack: Program
	readonly step: Program
}

/**
 * Trains a substitute. Continues an earlier call with the same input and produces the same bytes; does not retrain a
 * finished substitute.
 * @returns Its cost, or undefined when stopped early.
 * @throws NaptuneError when there are too few images, a loss or gradient is not finite, or `output` holds another surrogate.
 */
export async function trainSubstitute(input: TrainSubstituteInput): Promise<SurrogateResult | undefined> {
	const { engine, recipe, output } = input
	const files = surrogateFiles(output)
	const { length } = input.images
	if (length < recipe.batchSize) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`There are ${length} images, fewer than one batch of ${recipe.batchSize}. Give a smaller --batch-size.`,
		)
	}
	const originals = await squareImages(input.images, recipe.imageSize, 'exact', (done) => input.onImage?.(done, length))
	const description = describeSurrogate('substitute', recipe, originals, input.data, engine)
	const done = await finishedSurrogate(files, description)
	if (done) return done
	const graphs = substituteGraphs(recipe)
	const shapes = shapesOf(graphs.parameters)
	await makeFolder(dirname(files.model))
	const programs: Programs = {
		embed: await engine.compile(graphs.embed, { name: 'embedding' }),
		attack: await engine.compile(graphs.attack, { name: 'adversarial view' }),
		step: await engine.compile(graphs.step, { name: 'training' }),
	}
	const attacked = viewAttack(programs.attack, recipe)
	try {
		const { finished, parameters, averages, seconds } = await trainSurrogate<Batch>(
			{
				engine,
				files,
				description,
				parameters: shapes,
				averages: shapesOf(graphs.averages),
				recipe,
				images: length,
				batch: (epoch, step) => batchOf(input.images, originals, recipe, epoch, step),
				gradients: (batch, weights, epoch) => gradientsOf(programs, attacked, graphs, recipe, batch, weights, epoch),
			},
			input,
		)
		if (!finished) return undefined
		const network = finishedSubstitute(recipe, { ...parameters, ...averages })
		const { records } = await readJsonLines(files.log)
		return await writeSurrogate(files, { ...network }, metadataOf(recipe, originals), description, {
			parameters: [...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0),
			seconds,
			lastEpoch: parseRecord(surrogateEpochForm, records.at(-1), `The last line of ${files.log}`),
		})
	} finally {
		for (const program of Object.values(programs)) await program.release()
	}
}

/** Attacks the original images with the network in evaluation form, then differentiates the objective over four views. */
async function gradientsOf(
	{ embed, step }: Programs,
	attacked: ViewAttack,
	{ parameters, passes }: SubstituteGraphs,
	recipe: SubstituteRecipe,
	{ ids, original, first, second }: Batch,
	current: SurrogateWeights,
	epoch: number,
): Promise<SurrogateStep> {
	const weights = { ...current.parameters, ...current.averages }
	const embedded = async (images: Tensor<'float32'>) => entry(await embed.run({ ...weights, images }), 'embedding')
	const given = { ...weights, one: await embedded(first), two: await embedded(second) }
	const adversarial = await attacked(original, ids, given)
	const { imageSize: size, seed } = recipe
	const views = (purpose: string, strength: number) =>
		stacked(ids.length, size, (row) => {
			const pixels = adversarial.data.subarray(row * 3 * size * size, (row + 1) * 3 * size * size)
			return adversarialView(pixels, size, strength, generator(seed, purpose, epoch, at(ids, row)))
		})
	const results = await step.run({
		...current.parameters,
		first,
		second,
		weak: views('substitute-weak-view', 0.1),
		strong: views('substitute-strong-view', 1),
	})
	const number = (name: string) => numberOf(results, name)
	return {
		...readStepOutputs(results, parameters.keys(), passes),
		numbers: { loss: number('loss'), contrastive: number('contrastive'), invariance: number('invariance') },
	}
}

async function batchOf(
	split: Split,
	originals: SquareImages,
	{ seed, batchSize, imageSize: size }: SubstituteRecipe,
	epoch: number,
	step: number,
): Promise<Batch> {
	const order = permutation(generator(seed, 'substitute-order', epoch), originals.length)
	const positions = order.slice(step * batchSize, (step + 1) * batchSize)
	const ids = positions.map((position) => split.id(position))
	const images = await Promise.all(positions.map((position) => split.image(position)))
	const bytes = await Promise.all(positions.map((position) => originals.rgb(position)))
	const clean = (purpose: string) =>
		stacked(batchSize, size, (row) => cleanView(at(images, row), size, generator(seed, purpose, epoch, at(ids, row))))
	return {
		ids,
		original: stacked(batchSize, size, (row) => unitPixels({ width: size, height: size, rgb: at(bytes, row) })),
		first: clean('substitute-first-view'),
		second: clean('substitute-second-view'),
	}
}

/** Stacks images to [count, 3, size, size]. */
function stacked(count: number, size: number, image: (row: number) => Float32Array): Tensor<'float32'> {
	const pixels = new Float32Array(count * 3 * size * size)
	for (let row = 0; row < count; row++) pixels.set(image(row), row * 3 * size * size)
	return float32([count, 3, size, size], pixels)
}

function metadataOf(recipe: SubstituteRecipe, { sha256 }: SquareImages): Record<string, string> {
	return {
		kind: 'naptune surrogate substitute',
		input_size: String(recipe.imageSize),
		input_layout: 'NCHW',
		input_range: '[0, 1]',
		normalization: JSON.stringify({ inside: true, mean: [0, 0, 0], std: [1, 1, 1] }),
		recipe: JSON.stringify(recipe),
		data_sha256: sha256,
	}
}

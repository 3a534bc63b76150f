/** Measures surrogates on this device: their training if there are none yet, and images made on them. */

import { join } from 'node:path'
import { openSurrogate } from '../../attacks/files/open-surrogate.js'
import { prepareAttack } from '../../attacks/registry.js'
import { workOf } from '../../classifier/pass-counter.js'
import { at } from '../../core/at.js'
import { float32 } from '../../core/tensor.js'
import { type Dataset, type Split, subset } from '../../data/dataset.js'
import { classifierRecipe, substituteRecipe } from '../../methods/surrogates/recipe.js'
import { trainClassifier } from '../../methods/surrogates/train-classifier.js'
import { trainSubstitute } from '../../methods/surrogates/train-substitute.js'
import type { Engine } from '../../runtime/engine.js'
import type { AttackCell } from '../cells.js'
import { knownSurrogates } from '../surrogate-cells.js'
import { writtenSurrogate } from '../surrogate-text.js'
import { repeated, type Seconds, stopwatch } from './measure-rates.js'

/** The costs of one kind of surrogate on one data set. */
export interface SurrogateRates {
	/** All of their training, per training image of the data set; nothing where they are there. */
	readonly trainingPerImage: Seconds
	/** An image made by the attack. */
	readonly making: Seconds
}

/** Images and epochs for measuring a training. */
const few = { images: 100, epochs: 3 }

/**
 * Measures the cost of an attack on surrogates.
 * @param small A data set with a few images, or invented ones. @param folder An empty folder.
 */
export async function measureSurrogates(
	engine: Engine,
	attack: AttackCell,
	dataset: Dataset,
	small: Dataset,
	folder: string,
): Promise<SurrogateRates> {
	const { madeOn } = attack
	if (!madeOn) throw new RangeError(`${attack.condition} uses no surrogates.`)
	const known = await knownSurrogates(dataset, madeOn.kind, madeOn.surrogates)
	const trained = []
	if (known.length === 0) {
		for (const [index, recipe] of madeOn.surrogates.recipes.entries()) {
			trained.push(await measuredTraining(engine, madeOn.kind, recipe, small, join(folder, `${index}.onnx`)))
		}
	}
	const paths = known.length > 0 ? known : trained.map(({ path }) => path)
	const each = await Promise.all(paths.map((path) => lookAt(engine, path, dataset.classNames)))
	const look = each.reduce((sum, one) => ({ wall: sum.wall + one.wall, processor: sum.processor + one.processor }))
	// On each surrogate, as many passes as the attack takes on one.
	const passes = workOf(prepareAttack(attack.attack, attack.options).cost(dataset.classNames.length))
	const training = trained.reduce(
		(sum, { seconds }) => ({ wall: sum.wall + seconds.wall, processor: sum.processor + seconds.processor }),
		{ wall: 0, processor: 0 },
	)
	return { trainingPerImage: training, making: { wall: look.wall * passes, processor: look.processor * passes } }
}

async function measuredTraining(
	engine: Engine,
	kind: 'classifiers' | 'substitute',
	settings: Readonly<Record<string, unknown>>,
	small: Dataset,
	path: string,
): Promise<{ readonly path: string; readonly seconds: Seconds }> {
	const whole = kind === 'classifiers' ? classifierRecipe(settings) : substituteRecipe(settings)
	const images = Math.min(few.images, small.train.length)
	const split: Split = subset(
		small.train,
		Array.from({ length: images }, (_, index) => index),
	)
	const batchSize = Math.min(whole.batchSize, images)
	const watch = stopwatch()
	const ticks: Seconds[] = []
	const shared = { engine, output: path, onStep: () => ticks.push(watch()) }
	const own = { ...settings, batchSize, epochs: few.epochs, warmupEpochs: 0 }
	if (kind === 'classifiers') {
		const data = { ...small, train: split, test: { ...split, length: 0 } }
		await trainClassifier({ ...shared, dataset: data, recipe: classifierRecipe(own) })
	} else {
		const origin = { ...small.origin, split: 'train' as const }
		await trainSubstitute({
			...shared,
			images: { ...split, label: () => 0 },
			data: { name: small.name, origin },
			recipe: substituteRecipe(own),
		})
	}
	const [first, final] = [at(ticks, 0), at(ticks, ticks.length - 1)]
	const perImage = (ticks.length - 1) * batchSize
	const { epochs } = whole
	return {
		path,
		seconds: {
			wall: ((final.wall - first.wall) / perImage) * epochs,
			processor: ((final.processor - first.processor) / perImage) * epochs,
		},
	}
}

/** Seconds of one forward pass of one image. */
async function lookAt(engine: Engine, text: string, classNames: readonly string[]): Promise<Seconds> {
	const { path, declared } = writtenSurrogate(text)
	const { classifier } = await openSurrogate(engine, path, classNames, declared)
	try {
		const count = 8
		const [, height, width] = classifier.inputShape
		const images = float32([count, 3, height, width], new Float32Array(count * 3 * height * width).fill(0.5))
		const { wall, processor } = await repeated(() => classifier.evaluate(images, [at(classifier.taps, 0)]))
		return { wall: wall / count, processor: processor / count }
	} finally {
		await classifier.release()
	}
}

/** Turns a model with a test-time defense into the classifier that attacks and users see. */

import type { Classifier } from '../../classifier/classifier.js'
import { decorate } from '../../classifier/decorate.js'
import { createGraphClassifier, fixedBatchOf } from '../../classifier/graph-classifier.js'
import { hiddenDraws } from '../../classifier/hidden-draws.js'
import { runPadded } from '../../classifier/padded-run.js'
import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import type { Split } from '../../data/dataset.js'
import { fixedParameters } from '../../defenses/defense.js'
import type { HiddenNumbers } from '../../defenses/test-time/hidden-numbers.js'
import type { ChosenTestTimeDefense } from '../../defenses/test-time/registry.js'
import type { ImagePurifier, PromptAdapter } from '../../defenses/test-time/test-time-defense.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import type { Engine, Feeds } from '../../runtime/engine.js'
import { type DeployedModel, deployedClassifier } from '../deployed/deployed-classifier.js'
import { tokenStatistics } from '../distortion/token-statistics.js'

/**
 * The full model with its test-time defense. Taps: `logits`, `imageFeatures`. Its gradient is that of an attacker who knows
 * everything, see `attackedThrough` of the defense; if the defense hides numbers, everything but those (see {@link
 * hiddenDraws}).
 * @param training Training images, for a defense that needs them.
 * @throws NaptuneError if defense and test-time defense do not fit, or required training images are missing.
 */
export async function testTimeClassifier(
	engine: Engine,
	model: DeployedModel,
	testTime: ChosenTestTimeDefense,
	training?: Split,
): Promise<Classifier> {
	const { clip, defense, parameters } = model
	const prepared = await testTime.prepare({ clip, defense, parameters: fixedParameters(parameters) })
	const inner = await deployedClassifier(engine, clip, defense, parameters)
	if (prepared.kind === 'purifier') {
		return (await purifiedClassifier(engine, inner, prepared, testTime.name)).classifier
	}
	try {
		return await adaptingClassifier(engine, model, inner, prepared, testTime.name, training)
	} finally {
		await inner.release()
	}
}

/** A classifier of purified images, which callers can look at. */
export interface PurifiedClassifier {
	readonly classifier: Classifier
	/** Purifies [B, 3, H, W] like the evaluated classifier. */
	purify(images: Tensor<'float32'>): Promise<Tensor<'float32'>>
}

/**
 * A classifier of purified images. Its gradient is the inner classifier's at the purified images, used as the gradient at
 * the given ones (BPDA with the identity). It has draws if the purifier hides numbers. Releasing it releases the inner one.
 */
export async function purifiedClassifier(
	engine: Engine,
	inner: Classifier,
	purifier: ImagePurifier,
	name: string,
): Promise<PurifiedClassifier> {
	const pixels = ops.input('pixels', 'float32', ['B', ...inner.inputShape])
	const { hidden } = purifier
	const program = await engine.compile({ purified: purifier.purify(pixels, inputsOf(hidden)) }, { name })
	const release = async () => {
		await program.release()
		await inner.release()
	}
	const purifyWith = async (numbers: Feeds, images: Tensor<'float32'>): Promise<Tensor<'float32'>> => {
		const rows = { exactly: fixedBatchOf(engine) }
		const { purified } = await runPadded(program, at(images.shape, 0), { pixels: images }, numbers, rows)
		return purified as Tensor<'float32'>
	}
	const drawn = (numbers: Feeds): Classifier =>
		decorate(inner, {
			evaluate: async (beneath, images, taps) => beneath.evaluate(await purifyWith(numbers, images), taps),
			gradient: async (beneath, images, objective, side) =>
				beneath.gradient(await purifyWith(numbers, images), objective, side),
			release,
		})
	return {
		classifier: hidden ? hiddenDraws((index) => drawn(hidden.draw(index)), release) : drawn({}),
		purify: (images) => purifyWith(hidden?.draw(0) ?? {}, images),
	}
}

/** Hidden numbers as inputs of a graph. */
function inputsOf(hidden: HiddenNumbers | undefined): Readonly<Record<string, Value>> | undefined {
	if (!hidden) return undefined
	const deployed = Object.entries(hidden.draw(0))
	return Object.fromEntries(deployed.map(([name, { shape }]) => [name, ops.input(name, 'float32', shape)]))
}

async function adaptingClassifier(
	engine: Engine,
	model: DeployedModel,
	inner: Classifier,
	adapter: PromptAdapter,
	name: string,
	training: Split | undefined,
): Promise<Classifier> {
	if (adapter.statistics && !training) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`Test-time defense ${name} needs training images for its statistics; pass them.`,
		)
	}
	const statistics =
		adapter.statistics && training
			? await tokenStatistics(engine, model, inner, training, adapter.statistics)
			: undefined
	const { hidden } = adapter
	const deployed = await createGraphClassifier({
		engine,
		classNames: inner.classNames,
		imageShape: inner.inputShape,
		oneImage: true,
		build: (pixels) => ({ ...adapter.adapt(pixels, statistics, inputsOf(hidden)) }),
		compileOptions: { name: `${model.defense.name} + ${name}` },
	})
	if (!hidden) return deployed
	return hiddenDraws((index) => deployed.withFeeds(hidden.draw(index)), deployed.release)
}

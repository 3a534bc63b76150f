/** Serves a tuned run. */

import type { Classifier } from '../classifier/classifier.js'
import { at, entry } from '../core/at.js'
import { defined } from '../core/defined.js'
import type { Tensor } from '../core/tensor.js'
import { checkNames } from '../data/folders/class-folders.js'
import type { Defense } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import { valuesOfRow } from '../evaluation/deployed/classify.js'
import { classesPerChunk, type DeployedModel } from '../evaluation/deployed/deployed-classifier.js'
import { flagRates } from '../evaluation/detection/assessment.js'
import { type Calibration, scoreTaps } from '../evaluation/detection/recorded-calibration.js'
import { computeTextFeatures } from '../methods/tuning/text-side.js'
import { ops } from '../onnx/graph.js'
import { fingerprint } from '../records/fingerprint.js'
import type { Engine } from '../runtime/engine.js'
import { createEngine } from '../runtime/index.js'
import { preparedView } from '../vlm/prepare-image.js'
import { classLogits, towersOf } from '../vlm/towers.js'
import type { ServedModel } from './served-model.js'
import { createVocabularies, type HeldVocabulary, heldVocabulary, rowOf } from './vocabularies.js'

/** The input of {@link servedRun}. */
export interface ServedRunInput {
	/** The engine for the pictures. Whoever supplies it closes it. */
	readonly engine: Engine
	readonly run: DeployedModel
	/** The run's deployed classifier; the served model releases it. */
	readonly classifier: Classifier
	/** Calibration of a run with refiners. */
	readonly calibration?: Calibration
	/** Share of clean images that may be flagged as heavily corrected. */
	readonly falsePositiveRate: number
}

/** Prepares a tuned run for serving. Releasing it leaves the engine running. */
export function servedRun(input: ServedRunInput): ServedModel {
	const { engine, run, classifier, calibration, falsePositiveRate } = input
	const { clip, defense, parameters } = run
	const openVocabulary = takesOtherClasses(run) ? textSide(run, engine) : undefined
	// One set of outputs for all requests, and therefore one program.
	const outputs = [
		'logits',
		...(openVocabulary ? ['imageFeatures'] : []),
		...(calibration ? scoreTaps(classifier) : []),
	]
	return {
		about: {
			kind: 'run',
			method: defense.name,
			weights: clip.checkpoint.sha256,
			parameters: fingerprint(parameters),
		},
		classNames: defense.classNames,
		preparation: preparedView(clip),
		probabilities: towersOf(clip.config).probabilities,
		inputShape: classifier.inputShape,
		...defined({
			openVocabulary,
			corrections: calibration && {
				calibration,
				falsePositiveRate,
				flags: flagRates(calibration, falsePositiveRate),
			},
		}),
		async evaluate(pixels) {
			const taps = await classifier.evaluate(pixels, outputs)
			return Array.from({ length: at(pixels.shape, 0) }, (_, row) => ({
				...valuesOfRow(taps, row),
				...defined({ features: openVocabulary && rowOf(entry(taps, 'imageFeatures'), row) }),
			}))
		},
		async release() {
			await openVocabulary?.release()
			await classifier.release()
		},
	}
}

/** Whether what was tuned belongs to no class of its own: its parameters have the same shapes for any number of classes. */
export function takesOtherClasses({ clip, defense }: Pick<DeployedModel, 'clip' | 'defense'>): boolean {
	// Texts that depend on the image are computed with it, not once for a list of classes.
	if (defense.textFeaturesOfImages) return false
	const probe = Array.from({ length: defense.classNames.length + 1 }, (_, index) => `class ${index}`)
	const { parameters } = prepareDefense(defense.name, clip, probe, defense.config)
	const shapes = (of: Defense['parameters']) => JSON.stringify([...of].map(([name, { shape }]) => [name, shape]))
	return shapes(parameters) === shapes(defense.parameters)
}

/**
 * Other classes for a tuned model. A separate engine computes their text features, so that pictures need not wait while it
 * compiles the text tower; it starts with the first list.
 */
function textSide({ clip, defense, parameters }: DeployedModel, { device }: Engine) {
	let started: Promise<Engine> | undefined
	const engineOfTexts = () => {
		started ??= createEngine({ device, threads: 1, spinning: false })
		return started
	}
	const vocabularies = createVocabularies({
		async build(classNames) {
			checkNames(classNames, 'The list of classes')
			const own = prepareDefense(defense.name, clip, classNames, defense.config)
			const engine = await engineOfTexts()
			const textFeatures = await computeTextFeatures(engine, own, parameters, classesPerChunk)
			return comparison(engine, textFeatures, { clip, classNames })
		},
	})
	return {
		...vocabularies,
		async release() {
			await vocabularies.release()
			await (await started)?.close()
		},
	}
}

/** Compares features of pictures with those of classes, which are constants of the graph; see `deployedClassifier`. */
async function comparison(
	engine: Engine,
	textFeatures: Tensor<'float32'>,
	{ clip, classNames }: Pick<DeployedModel, 'clip'> & { readonly classNames: readonly string[] },
): Promise<HeldVocabulary> {
	const width = at(textFeatures.shape, 1)
	const features = ops.input('features', 'float32', ['B', width])
	const logits = classLogits(clip, features, ops.literal(textFeatures))
	const program = await engine.compile({ logits }, { name: 'comparison with classes' })
	return heldVocabulary(program, classNames, { input: 'features', output: 'logits' })
}

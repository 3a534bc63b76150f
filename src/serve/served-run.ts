/** A tuned run as a served model. */

import type { Classifier } from '../classifier/classifier.js'
import { runPadded } from '../classifier/padded-run.js'
import { at, entry } from '../core/at.js'
import { defined } from '../core/defined.js'
import { float32, type Tensor } from '../core/tensor.js'
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
import { logScale } from '../vlm/model.js'
import { preparedView } from '../vlm/prepare-image.js'
import { similarityLogits } from '../vlm/similarity.js'
import type { ServedModel } from './served-model.js'
import { createVocabularies, type HeldVocabulary } from './vocabularies.js'

/** The input of {@link servedRun}. */
export interface ServedRunInput {
	/** Runs the pictures. Closed by whoever gave it. */
	readonly engine: Engine
	readonly run: DeployedModel
	/** The run's deployed classifier; released with the served model. */
	readonly classifier: Classifier
	/** Of a run with refiners. */
	readonly calibration?: Calibration
	/** Share of clean images that may be flagged as heavily corrected. */
	readonly falsePositiveRate: number
}

/** A tuned run, ready to be served. Releasing it leaves the engine running. */
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
		view: preparedView(clip),
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

function rowOf({ shape, data }: Tensor<'float32'>, row: number): Float32Array {
	const width = at(shape, 1)
	return data.subarray(row * width, (row + 1) * width)
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
 * Other classes for a tuned model. An engine of its own computes their text features, so that pictures need not wait
 * while the text tower is compiled; it starts with the first list.
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

/** Compares features of pictures with those of classes. These are constants of the graph: see `deployedClassifier`. */
async function comparison(
	engine: Engine,
	textFeatures: Tensor<'float32'>,
	{ clip, classNames }: Pick<DeployedModel, 'clip'> & { readonly classNames: readonly string[] },
): Promise<HeldVocabulary> {
	const width = at(textFeatures.shape, 1)
	const features = ops.input('features', 'float32', ['B', width])
	const logits = similarityLogits(features, ops.literal(textFeatures), logScale(clip))
	const program = await engine.compile({ logits }, { name: 'comparison with classes' })
	return {
		classNames,
		async logits(rows) {
			const joined = float32([rows.length, width], new Float32Array(rows.length * width))
			rows.forEach((row, position) => {
				joined.data.set(row, position * width)
			})
			const outputs = await runPadded(program, rows.length, { features: joined }, {}, {})
			const found = entry(outputs, 'logits') as Tensor<'float32'>
			return rows.map((_, row) => rowOf(found, row))
		},
		release: () => program.release(),
	}
}

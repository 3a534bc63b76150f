/** Compiles the programs of a tuning run: text features, the inner attack's gradient, loss with gradients. */

import { createGraphClassifier, type GraphClassifier } from '../../classifier/graph-classifier.js'
import { originalFeatures } from '../../classifier/objectives/divergence-objectives.js'
import { entry } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { defenseLogits } from '../../defenses/class-logits.js'
import { type Defense, parameterInputs } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { tuningLosses } from '../../defenses/tuning-losses.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import type { Engine, Feeds } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import { encodeImage } from '../../vlm/towers.js'
import type { TuningConfig } from './configuration.js'
import { createImageSide, type ImageSide } from './image-side.js'
import { type InnerAttack, innerAttack } from './inner-attack.js'
import { computeTextFeatures, createTextSide, type TextSide } from './text-side.js'

/** Programs of a run. */
export interface TuningPrograms {
	readonly text: TextSide
	/** Of a method with a teacher. */
	readonly teacherText?: TextSide
	readonly image: ImageSide
	/**
	 * The model that the inner attack sees: maps pixels to `logits` and `imageFeatures`, without the text tower.
	 * @param feeds The parameters by name and `textFeatures` [C, E]; unused feeds are ignored.
	 */
	attacked(feeds: Feeds): GraphClassifier
	/** The attack to run on the result of {@link attacked}. */
	readonly innerAttack: InnerAttack
	release(): Promise<void>
}

/**
 * Compiles the programs of a run; that of the inner attack at first use.
 * @param template Template of hand-written prompts, if the inner attack targets vanilla CLIP.
 */
export async function compileTuningPrograms(
	engine: Engine,
	clip: ClipModel,
	defense: Defense,
	config: Pick<TuningConfig, 'classesPerChunk' | 'loss' | 'classLoss' | 'attack' | 'seed'>,
	template: string,
): Promise<TuningPrograms> {
	const { target, when, objective } = config.attack
	const compares = objective === 'embedding-distance'
	const text = await createTextSide(engine, defense, config.classesPerChunk)
	const { teacher } = defense
	const teacherText = teacher
		? await createTextSide(engine, { ...defense, textFeatures: teacher.textFeatures }, config.classesPerChunk)
		: undefined
	const loss = entry(tuningLosses, config.loss)
	const image = await createImageSide(
		engine,
		clip,
		defense,
		loss,
		when === 'once' ? 'features' : 'pixels',
		config.classLoss,
	)
	const inner =
		target === 'vanilla'
			? await vanillaTarget(engine, clip, defense.classNames, template, config.classesPerChunk, compares)
			: await tunedTarget(engine, clip, defense, compares)
	return {
		text,
		...defined({ teacherText }),
		image,
		attacked: (feeds) =>
			inner.classifier.withFeeds(Object.fromEntries(Object.entries(feeds).filter(([name]) => inner.reads.has(name)))),
		innerAttack: innerAttack(config, defense.classNames.length, clip.config.projectionDimension),
		async release() {
			await Promise.all([text.release(), teacherText?.release(), image.release(), inner.classifier.release()])
		},
	}
}

interface Target {
	readonly classifier: GraphClassifier
	/** Names of its inputs. */
	readonly reads: ReadonlySet<string>
}

/** The model under tuning, with parameters and text features as inputs. */
async function tunedTarget(engine: Engine, clip: ClipModel, defense: Defense, compares: boolean): Promise<Target> {
	const { lookup, used } = parameterInputs(defense)
	const textFeatures = ops.input('textFeatures', 'float32', [
		defense.classNames.length,
		clip.config.projectionDimension,
	])
	const classifier = await targetClassifier(engine, clip, defense, textFeatures, lookup, compares)
	return { classifier, reads: new Set([...used.keys(), 'textFeatures']) }
}

/** Vanilla CLIP with hand-written prompts. */
async function vanillaTarget(
	engine: Engine,
	clip: ClipModel,
	classNames: readonly string[],
	template: string,
	classesPerChunk: number,
	compares: boolean,
): Promise<Target> {
	const vanilla = prepareDefense('vanilla', clip, classNames, { templates: [template] })
	const textFeatures = ops.literal(await computeTextFeatures(engine, vanilla, {}, classesPerChunk))
	const { lookup } = parameterInputs(vanilla)
	return { classifier: await targetClassifier(engine, clip, vanilla, textFeatures, lookup, compares), reads: new Set() }
}

function targetClassifier(
	engine: Engine,
	clip: ClipModel,
	defense: Defense,
	textFeatures: Value,
	lookup: ReturnType<typeof parameterInputs>['lookup'],
	compares: boolean,
): Promise<GraphClassifier> {
	const { imageSize } = clip.config.vision
	return createGraphClassifier({
		engine,
		classNames: defense.classNames,
		imageShape: [3, imageSize, imageSize],
		build: (pixels) => {
			const { features } = defense.imageFeatures(pixels, lookup)
			return {
				logits: defenseLogits(clip, defense, features, () => textFeatures, lookup),
				imageFeatures: features,
				...(compares ? { [originalFeatures]: encodeImage(clip, pixels).features } : {}),
			}
		},
		compileOptions: { name: 'inner attack' },
	})
}

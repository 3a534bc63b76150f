/** Attacks one picture: what models see in it before and after, at the model's size and at its own. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { AttackCounts } from '../../attacks/run/tell-progress.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { at, present } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { float32 } from '../../core/tensor.js'
import { sha256OfBytes } from '../../files/sha256.js'
import type { DecodedImage } from '../../images/decoded-image.js'
import { type PastedChange, pastedChange } from '../../images/paste.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import { prepareImage } from '../../vlm/prepare-image.js'
import { type ClassProbability, mostProbable } from '../../vlm/zero-shot.js'
import { type DeployedModel, deployedClassifier } from '../deployed/deployed-classifier.js'
import { evaluateImages } from '../robustness/evaluate.js'

/** What {@link attackPhoto} needs. */
export interface PhotoAttackInput {
	readonly engine: Engine
	readonly clip: ClipModel
	/** Models on this CLIP, for the same classes. */
	readonly models: readonly Pick<DeployedModel, 'defense' | 'parameters'>[]
	readonly photo: DecodedImage
	/** Position of the true class; default: each model's own prediction. */
	readonly label?: number
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly seed: number
	/** Classes to show per picture. */
	readonly top: number
	readonly onProgress?: (model: string, counts: AttackCounts) => void
	readonly signal?: AbortSignal
}

/** The predictions of every model for one picture, in the order of the models. */
export type Sight = readonly (readonly ClassProbability[])[]

/** The attack on one model, with full knowledge of it. */
export interface AttackedPhoto {
	readonly model: string
	/** Position of the class that the attack moves away from. */
	readonly label: number
	/** Missing if the model is already wrong, so that there is nothing to attack. */
	readonly after?: {
		/** [3, S, S] in [0, 1] in whole levels of 255, as a file would hold it. */
		readonly pixels: Float32Array
		/** The models' predictions for those pixels. */
		readonly seen: Sight
		/** Whether the attacked model predicts another class. */
		readonly fooled: boolean
		/** The change in the picture at its own size. */
		readonly pasted: PastedChange & { readonly seen: Sight }
	}
}

/** An attacked picture. */
export interface PhotoAttack {
	/** Height and width of the models' input. */
	readonly size: number
	/** [3, S, S] in [0, 1]: the picture as the models read it. */
	readonly before: Float32Array
	readonly seen: Sight
	readonly attacked: readonly AttackedPhoto[]
}

/**
 * Attacks one picture on every model, each with full knowledge of it. All results refer to the 8-bit levels that a file
 * would hold. The seed and the picture's content key the randomness, not its name.
 * @returns Undefined if the signal stopped it.
 * @throws NaptuneError for a targeted attack, or logits that are NaN.
 */
export async function attackPhoto(input: PhotoAttackInput): Promise<PhotoAttack | undefined> {
	const { engine, clip, models, photo, attack, top } = input
	if (attack.targeted) {
		throw new NaptuneError(
			'NAP_ATTACK_UNSUITABLE',
			`Attack ${attack.name} is targeted; a single picture needs an untargeted attack, such as pgd-100.`,
		)
	}
	const before = prepareImage(clip, photo)
	const classifiers: Classifier[] = []
	try {
		for (const { defense, parameters } of models) {
			classifiers.push(await deployedClassifier(engine, clip, defense, parameters))
		}
		const sight = async (pixels: Float32Array): Promise<Sight> => {
			const seen: ClassProbability[][] = []
			for (const classifier of classifiers) seen.push(await see(classifier, pixels, top))
			return seen
		}
		const seen = await sight(before)
		const attacked: AttackedPhoto[] = []
		for (const [which, { defense }] of models.entries()) {
			const label = input.label ?? at(at(seen, which), 0).index
			if (at(at(seen, which), 0).index !== label) {
				attacked.push({ model: defense.name, label })
				continue
			}
			const found = await adversarial(input, at(classifiers, which), before, label, defense.name)
			if (!found) return undefined
			const pixels = wholeLevels(before, found, input.threatModel)
			const after = await sight(pixels)
			const change = pixels.map((value, index) => value - at(before, index))
			const pasted = pastedChange(photo, clip.checkpoint.preprocessor, change)
			attacked.push({
				model: defense.name,
				label,
				after: {
					pixels,
					seen: after,
					fooled: at(at(after, which), 0).index !== label,
					pasted: { ...pasted, seen: await sight(prepareImage(clip, pasted.image)) },
				},
			})
		}
		return { size: clip.config.vision.imageSize, before, seen, attacked }
	} finally {
		for (const classifier of classifiers) await classifier.release()
	}
}

async function see(classifier: Classifier, pixels: Float32Array, top: number): Promise<ClassProbability[]> {
	const { logits } = await classifier.evaluate(float32([1, ...classifier.inputShape], pixels), ['logits'])
	return mostProbable(present(logits, 'logits').data, classifier.classNames, top, 'of the photo')
}

/** The last candidate of the attack, [3, S, S]. */
async function adversarial(
	{ attack, threatModel, seed, photo, onProgress, signal }: PhotoAttackInput,
	classifier: Classifier,
	before: Float32Array,
	label: number,
	model: string,
): Promise<Float32Array | undefined> {
	let last: Float32Array | undefined
	const result = await evaluateImages(
		{
			classifier,
			attack,
			threatModel,
			seed,
			batchSize: 1,
			keepImages: true,
			...defined({
				signal: signal || undefined,
				onProgress: onProgress ? (counts: AttackCounts) => onProgress(model, counts) : undefined,
			}),
			async onBatch({ images }) {
				if (images) last = images.data
			},
		},
		{
			ids: [sha256OfBytes(photo.rgb).slice(0, 16)],
			labels: [label],
			pixels: async () => float32([1, ...classifier.inputShape], before.slice()),
		},
	)
	return result && (last ?? before)
}

/** Rounded to levels of 255; in L-infinity no further from the picture than epsilon allows in whole levels. */
function wholeLevels(before: Float32Array, after: Float32Array, { norm, epsilon }: ThreatModel): Float32Array {
	const most = norm === 'linf' ? Math.floor(255 * epsilon + 1e-4) : 255
	return after.map((value, index) => {
		const own = Math.round(255 * at(before, index))
		const change = Math.max(-most, Math.min(most, Math.round(255 * value) - own))
		return (own + change) / 255
	})
}

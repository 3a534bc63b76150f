/** Tries earlier images on a model. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { AttackRun } from '../../attacks/run/attack-round.js'
import { checkedRound } from '../../attacks/run/checked-round.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { idsOf } from '../../data/dataset.js'
import { sha256OfBytes } from '../../files/sha256.js'
import type { MadeBefore } from '../../records/adversarial-images.js'
import { type EvaluateInput, type EvaluationResult, evaluate } from '../robustness/evaluate.js'
import type { AdversarialImages } from './adversarial-images.js'
import { rowBytes } from './adversarial-shards.js'

/**
 * An attack that looks up its images in a store by id. Evaluate it like any other; its options hold everything that the
 * manifest says about the images.
 * @returns An attack whose round throws NaptuneError for an image that is not stored, whose clean pixels differ from those
 * of the stored one, or under another threat model.
 */
export function storedAttack(store: AdversarialImages): PreparedAttack {
	const { attack, threatModel, models, seed, evaluation } = store.manifest
	const run: AttackRun = async (_, { images, ids }, { norm, epsilon }) => {
		if (norm !== threatModel.norm || epsilon !== threatModel.epsilon) {
			throw new NaptuneError(
				'NAP_OPTION_CONFLICT',
				`The stored images were made in ${threatModel.norm} with epsilon ${threatModel.epsilon}, not in ${norm} with ${epsilon}. Use the store's settings, or generate others.`,
			)
		}
		const positions = ids.map((id) => store.position(id))
		const other = ids.find((id, row) => store.find(id)!.clean !== sha256OfBytes(rowBytes(images, row)))
		if (other !== undefined) {
			throw new NaptuneError(
				'NAP_DATA_CHANGED',
				`The clean image ${other} differs from the one that its stored adversarial image was made from: data or preprocessing differ. Generate images for this model's preprocessing and this data.`,
			)
		}
		return store.pixels(positions)
	}
	const { name } = attack
	const cost = { evaluations: 0, gradients: 0 }
	const norms = ['linf', 'l2'] as const
	const round = checkedRound({ name, norms }, { stage: name, name, cost, run })
	const made: MadeBefore = { seed, models, ...defined({ evaluation }), manifest: store.fingerprint }
	return {
		...attack,
		options: { ...attack.options, made },
		doc: 'Images that were made earlier.',
		norms,
		targeted: false,
		reads: { model: 'nothing', labels: false, predictions: false, draws: 1 },
		skipsWrong: false,
		rounds: () => [round],
		cost: () => cost,
	}
}

/** The input of {@link scoreAdversarialImages}. */
export interface ScoreInput extends Omit<EvaluateInput, 'attack' | 'threatModel' | 'seed'> {
	readonly store: AdversarialImages
}

/**
 * Tries stored images on a classifier, with the outcomes of any evaluation; images that are wrong when clean count as
 * errors.
 * @returns The result, or undefined if the signal stopped it.
 * @throws NaptuneError if an image of the split is not stored, or as {@link storedAttack}.
 */
export async function scoreAdversarialImages({ store, ...input }: ScoreInput): Promise<EvaluationResult | undefined> {
	const { split } = input
	requireStored(store, idsOf(split))
	const { threatModel, seed } = store.manifest
	return evaluate({ ...input, attack: storedAttack(store), threatModel, seed })
}

/** @throws NaptuneError that says how many of these images are not stored. */
export function requireStored(store: AdversarialImages, ids: readonly string[]): void {
	const missing = ids.filter((id) => !store.find(id))
	if (missing.length === 0) return
	throw new NaptuneError(
		'NAP_DATA_MISSING',
		`${missing.length} of ${ids.length} images have no stored adversarial image, starting with ${missing[0]}. Generate them with the same settings (the store resumes where it stopped), or choose fewer images.`,
	)
}

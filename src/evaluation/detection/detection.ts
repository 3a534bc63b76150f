/** Measures whether correction scores tell attacked images from clean ones, also against an attacker who knows them. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { predictions } from '../../classifier/predictions.js'
import { at, entry, present } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { range } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { Split } from '../../data/dataset.js'
import type { DetectionOutcome, DetectionResult, ScoredImage } from '../../records/detection.js'
import type { Share } from '../../records/parts/accuracy.js'
import { wilsonInterval } from '../../statistics/wilson.js'
import type { ClipModel } from '../../vlm/model.js'
import { accuracyOf, preparedImages } from '../robustness/evaluate.js'
import { areaUnderRoc, isFlagged } from './calibration.js'
import type { CorrectionScore } from './correction-score.js'
import { type Calibration, scoreTaps } from './recorded-calibration.js'

export type {
	DetectionOutcome,
	DetectionResult,
} from '../../records/detection.js'

/** The input of {@link measureDetection}. */
export interface DetectionInput {
	readonly clip: ClipModel
	/** A deployed classifier that changes image tokens. */
	readonly classifier: Classifier
	readonly split: Split
	/** Each runs on every image, including those that are wrong when clean. */
	readonly attacks: readonly PreparedAttack[]
	readonly threatModel: ThreatModel
	/** Seed of the attacks' random choices. */
	readonly seed: number
	readonly calibration: Pick<Calibration, 'scores'>
	readonly falsePositiveRate: number
	/** Images per batch, 50 by default. */
	readonly batchSize?: number
	/** Called with the number of images done after every batch. */
	readonly onProgress?: (done: number) => void
	/** Called before every batch; may throw to stop. */
	readonly beforeBatch?: () => void
}

/**
 * Attacks every image and scores clean and attacked versions.
 * @throws NaptuneError for an empty split, a targeted attack, or unusable images.
 */
export async function measureDetection(input: DetectionInput): Promise<DetectionResult> {
	const { clip, classifier, split, attacks, threatModel, seed, batchSize = 50 } = input
	if (split.length === 0)
		throw new NaptuneError('NAP_DATA_EMPTY', 'There are no images to attack; choose another split.')
	const targeted = attacks.find((attack) => attack.targeted)
	if (targeted)
		throw new NaptuneError('NAP_ATTACK_UNSUITABLE', `Detection needs untargeted attacks; ${targeted.name} is targeted.`)
	const outcomes: DetectionOutcome[] = []
	for (let start = 0; start < split.length; start += batchSize) {
		input.beforeBatch?.()
		const positions = range(start, Math.min(start + batchSize, split.length))
		const ids = positions.map((position) => split.id(position))
		const labels = positions.map((position) => split.label(position))
		const images = await preparedImages(clip, split, positions)
		const clean = await scored(classifier, images, ids)
		const versions: ScoredImage[][] = []
		for (const attack of attacks) {
			const batch = { images, labels, ids }
			const attacked = await attackBatch(attack, classifier, batch, threatModel, imageStreams(seed))
			versions.push(await scored(classifier, attacked, ids))
		}
		outcomes.push(
			...ids.map((id, row) => ({
				id,
				label: at(labels, row),
				clean: at(clean, row),
				attacked: versions.map((version) => at(version, row)),
			})),
		)
		input.onProgress?.(outcomes.length)
	}
	return { ...summarizeDetection(outcomes, attacks, input.calibration, input.falsePositiveRate), outcomes }
}

async function scored(
	classifier: Classifier,
	images: Tensor<'float32'>,
	ids: readonly string[],
): Promise<ScoredImage[]> {
	const { logits, correction, disagreement } = await classifier.evaluate(images, ['logits', ...scoreTaps(classifier)])
	return predictions(logits!, ids).map((prediction, row) => ({
		prediction,
		correction: at(correction!.data, row),
		...defined({ disagreement: disagreement ? at(disagreement.data, row) : undefined }),
	}))
}

/** The summary of the outcomes. */
export function summarizeDetection(
	outcomes: readonly DetectionOutcome[],
	attacks: readonly Pick<PreparedAttack, 'name' | 'objective'>[],
	{ scores }: Pick<Calibration, 'scores'>,
	falsePositiveRate: number,
): Omit<DetectionResult, 'outcomes'> {
	const images = outcomes.length
	const share = (count: number): Share => ({ share: count / images, interval: wilsonInterval(count, images) })
	const accuracy = (right: number) => accuracyOf(right, images)
	const count = (holds: (outcome: DetectionOutcome) => boolean) => outcomes.filter(holds).length
	const names = (['correction', 'disagreement'] as const).filter((name) => scores[name] !== undefined)
	const flagged = (name: CorrectionScore, image: ScoredImage) =>
		isFlagged(entry(scores, name), entry(image, name), falsePositiveRate)
	return {
		images,
		falsePositiveRate,
		cleanAccuracy: accuracy(count(({ label, clean }) => clean.prediction === label)),
		falsePositives: names.map((score) => ({ score, ...share(count(({ clean }) => flagged(score, clean))) })),
		attacks: attacks.map(({ name, objective }, index) => ({
			attack: name,
			...defined({ objective }),
			accuracy: accuracy(count(({ label, attacked }) => at(attacked, index).prediction === label)),
			scores: names.map((score) => ({
				score,
				detected: share(count(({ attacked }) => flagged(score, at(attacked, index)))),
				areaUnderRoc: areaUnderRoc(
					outcomes.map(({ clean }) => present(clean[score], score)),
					outcomes.map(({ attacked }) => present(at(attacked, index)[score], score)),
				),
				wrongAndUndetected: share(
					count(
						({ label, attacked }) => at(attacked, index).prediction !== label && !flagged(score, at(attacked, index)),
					),
				),
			})),
		})),
	}
}

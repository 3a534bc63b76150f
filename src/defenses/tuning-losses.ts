/**
 * Named losses of tuning: graphs from clean and adversarial features and logits to per-sample losses. Adding one takes an
 * entry here.
 */

import { NaptuneError } from '../core/errors.js'
import { tensor } from '../core/tensor.js'
import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'

/** What a loss reads from one side, clean or adversarial. */
export interface LossSide {
	/** [B, E], not normalised. */
	readonly features: Value
	/** [B, C]. */
	readonly logits: Value
}

/** The inputs of a loss. */
export interface LossInputs {
	readonly clean: LossSide
	/** For a loss without an attack, the clean side again. */
	readonly adversarial: LossSide
	/** [B], int64. */
	readonly labels: Value
	/** Scalar weight of the adversarial part. */
	readonly alpha: Value
	/** [B]: 1 for images that count in their adversarial version if a loss splits the batch, otherwise 0. */
	readonly adversarialHalf: Value
	/** [B, E], not normalised: features of the clean images from the model before tuning. Only for losses that compare with it. */
	readonly original?: Value
	/** What the teacher makes of the clean images. Only for losses of methods that have one. */
	readonly teacher?: LossSide
	/** What replaces the cross entropy; default `softmax`. */
	readonly classLoss?: ClassLoss
}

/** How logits [B, C] and labels [B] become a loss per image: over all classes together, or class by class. */
export type ClassLoss = (typeof classLosses)[number]

/** All {@link ClassLoss}es. */
export const classLosses = ['softmax', 'sigmoid'] as const

/**
 * `softmax`: the cross entropy over the classes. `sigmoid`: the sum over classes of -log sigmoid(± logit), with plus for the
 * image's own class (Zhai et al. 2023, the loss of SigLIP).
 * @returns [B].
 */
function classLossOf(kind: ClassLoss = 'softmax'): (logits: Value, labels: Value) => Value {
	return kind === 'softmax' ? ops.crossEntropy : sigmoidLoss
}

/** log(1 + exp(z)) of all classes minus z of the own one, because -log sigmoid(z) = log(1 + exp(z)) - z. */
function sigmoidLoss(logits: Value, labels: Value): Value {
	const column = ops.unsqueeze(ops.neg(logits), [2])
	const logSigmoid = ops.slice(ops.logSoftmax(ops.concat([column, ops.mul(column, 0)], 2)), 2, 0, 1)
	const own = ops.squeeze(ops.gatherElements(logits, ops.unsqueeze(labels, [1]), 1), [1])
	return ops.sub(ops.neg(ops.reduceSum(logSigmoid, [1, 2])), own)
}

/** A loss of tuning. */
export interface TuningLoss {
	readonly name: string
	readonly doc: string
	/** Whether it reads adversarial images; if not, no inner attack runs. */
	readonly attacks: boolean
	/** Whether it reads `original`; default false. */
	readonly comparesWithOriginal?: boolean
	/** Whether it reads `teacher`; default false. */
	readonly hasTeacher?: boolean
	/** @returns The value to minimise, per image: [B]. */
	build(inputs: LossInputs): Value
}

const clean = {
	name: 'clean',
	doc: 'Cross entropy on clean images (CoOp).',
	attacks: false,
	build: ({ clean, labels, classLoss }) => classLossOf(classLoss)(clean.logits, labels),
} as const satisfies TuningLoss

const adversarial = {
	name: 'adversarial',
	doc: 'Cross entropy on adversarial images (AdvPT; NAP-Tuning, equation 5).',
	attacks: true,
	build: ({ adversarial, labels, classLoss }) => classLossOf(classLoss)(adversarial.logits, labels),
} as const satisfies TuningLoss

/** The batch is half clean, half adversarial; every image counts once. */
const halfAndHalf = {
	name: 'half-and-half',
	doc: 'Cross entropy on a batch whose first half is clean and whose second half is adversarial (reference code of AdvPT-V, -VLI and -VLJ).',
	attacks: true,
	build: ({ clean, adversarial, labels, adversarialHalf, classLoss }) =>
		mixed(
			classLossOf(classLoss)(clean.logits, labels),
			classLossOf(classLoss)(adversarial.logits, labels),
			adversarialHalf,
		),
} as const satisfies TuningLoss

const cleanPlusAdversarial = {
	name: 'clean-plus-adversarial',
	doc: 'Cross entropy on clean images plus alpha times cross entropy on adversarial images (NAP-Tuning, equation 14).',
	attacks: true,
	build: ({ clean, adversarial, labels, alpha, classLoss }) =>
		ops.add(
			classLossOf(classLoss)(clean.logits, labels),
			ops.mul(classLossOf(classLoss)(adversarial.logits, labels), alpha),
		),
} as const satisfies TuningLoss

const ramp = {
	name: 'ramp',
	doc: "(1 - alpha) times clean plus alpha times adversarial cross entropy (the authors' precursor code, with a linear alpha).",
	attacks: true,
	build: ({ clean, adversarial, labels, alpha, classLoss }) =>
		mixed(classLossOf(classLoss)(clean.logits, labels), classLossOf(classLoss)(adversarial.logits, labels), alpha),
} as const satisfies TuningLoss

const trades = {
	name: 'trades',
	doc: 'Clean cross entropy plus alpha times KL(clean || adversarial) of the predictions (Zhang et al. 2019).',
	attacks: true,
	build: ({ clean, adversarial, labels, alpha, classLoss }) =>
		ops.add(
			classLossOf(classLoss)(clean.logits, labels),
			ops.mul(ops.klDivergence(clean.logits, adversarial.logits), alpha),
		),
} as const satisfies TuningLoss

const fap = {
	name: 'fap',
	doc: 'Clean cross entropy plus alpha times KL(clean || adversarial) weighted by 1 + the cosine of the features (FAP).',
	attacks: true,
	build: ({ clean, adversarial, labels, alpha, classLoss }) => {
		const agreement = ops.reduceSum(
			ops.mul(ops.normalizeL2(clean.features), ops.normalizeL2(adversarial.features)),
			[1],
		)
		const divergence = ops.klDivergence(clean.logits, adversarial.logits)
		return ops.add(
			classLossOf(classLoss)(clean.logits, labels),
			ops.mul(ops.mul(divergence, ops.add(agreement, 1)), alpha),
		)
	},
} as const satisfies TuningLoss

const mart = {
	name: 'mart',
	doc: 'Boosted cross entropy on adversarial images plus alpha times KL(clean || adversarial) weighted by 1 - the probability of the class on the clean image (Wang et al. 2020).',
	attacks: true,
	build: ({ clean, adversarial, labels, alpha, classLoss }) => {
		const column = ops.unsqueeze(labels, [1])
		const ofLabel = (x: Value) => ops.squeeze(ops.gatherElements(x, column, 1), [1])
		const [p, q] = [ops.softmax(clean.logits), ops.softmax(adversarial.logits)]
		// Margin term of the reference, whose small constants keep logarithms finite.
		const boosted = ops.sub(
			classLossOf(classLoss)(adversarial.logits, labels),
			ops.log(ops.add(ops.sub(1.0001, largestOther(q, labels)), 1e-12)),
		)
		// Like its kl_div of log(q + 1e-12) and p: p log p is 0 for p = 0.
		const logP = ops.logSoftmax(clean.logits)
		const divergence = ops.reduceSum(ops.mul(p, ops.sub(logP, ops.log(ops.add(q, 1e-12)))), [1])
		const unsure = ops.sub(1.0000001, ofLabel(p))
		return ops.add(boosted, ops.mul(ops.mul(divergence, unsure), alpha))
	},
} as const satisfies TuningLoss

const fare = {
	name: 'fare',
	doc: 'Squared distance of the embedding of an adversarial image to that of the clean image before tuning, not normalised (FARE).',
	attacks: true,
	comparesWithOriginal: true,
	build: ({ adversarial, original }) => {
		if (!original) throw new NaptuneError('NAP_INTERNAL', 'Loss fare was built without the features before tuning.')
		const change = ops.sub(adversarial.features, original)
		return ops.reduceSum(ops.mul(change, change), [1])
	},
} as const satisfies TuningLoss

const apd = {
	name: 'apd',
	doc: 'Cross entropy of the teacher on clean images, plus that of the student on adversarial ones, plus alpha times KL(teacher on clean || student on adversarial), whose gradient reaches both (APD, after its abstract).',
	attacks: true,
	hasTeacher: true,
	build: ({ adversarial, teacher, labels, alpha, classLoss }) => {
		if (!teacher) {
			throw new NaptuneError('NAP_INTERNAL', 'Loss apd was built for a method without a teacher.')
		}
		const own = classLossOf(classLoss)
		return ops.add(
			ops.add(own(teacher.logits, labels), own(adversarial.logits, labels)),
			ops.mul(ops.klDivergence(teacher.logits, adversarial.logits), alpha),
		)
	},
} as const satisfies TuningLoss

/** The probability of the likeliest class other than the label. */
function largestOther(probabilities: Value, labels: Value): Value {
	const classes = probabilities.shape[1]
	if (typeof classes !== 'number') throw new NaptuneError('NAP_INTERNAL', 'Loss mart needs a fixed number of classes.')
	const all = ops.literal(
		tensor(
			'int64',
			[1, classes],
			BigInt64Array.from({ length: classes }, (_, index) => BigInt(index)),
		),
	)
	const own = ops.equal(ops.unsqueeze(labels, [1]), all)
	return ops.reduceMax(ops.where(own, ops.mul(probabilities, 0), probabilities), [1])
}

/** (1 - share) · a + share · b. */
function mixed(a: Value, b: Value, share: Value): Value {
	return ops.add(ops.mul(a, ops.sub(1, share)), ops.mul(b, share))
}

const losses = [clean, adversarial, halfAndHalf, cleanPlusAdversarial, ramp, trades, fap, mart, fare, apd] as const

/** Name of a loss. */
export type LossName = (typeof losses)[number]['name']

/** Names of all losses. */
export const lossNames: readonly LossName[] = losses.map(({ name }) => name)

/** Losses by name. */
export const tuningLosses: ReadonlyMap<string, TuningLoss> = new Map(losses.map((loss) => [loss.name, loss]))

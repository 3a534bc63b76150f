/** The configuration of a tuning run. */

import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import { methodAttack, methodSettings } from '../../defenses/method-tuning.js'
import { defenses } from '../../defenses/registry.js'
import { classLosses } from '../../defenses/tuning-losses.js'
import { explainIssues } from '../../files/explain-issues.js'
import { type OptimizerName, optimizers } from '../../training/optimizers.js'

const optimizerNames = Object.keys(optimizers) as [OptimizerName, ...OptimizerName[]]

const fields = z.strictObject({
	/** Method and its options. */
	defense: z
		.strictObject({ name: z.string(), options: z.record(z.string(), z.unknown()).default({}) })
		.default({ name: 'nap', options: {} }),
	/** Training images per class. */
	shots: z.int().positive().default(16),
	/** Seed of the few-shot sample, of initial values, order and augmentation. */
	seed: z.int().nonnegative().default(1),
	epochs: z.int().positive().default(90),
	/** Images per optimizer step; capped at the number of training images. */
	batchSize: z.int().positive().default(512),
	/** Images per engine call; gradients add up exactly to the batch's mean. */
	microBatchSize: z.int().positive().default(32),
	/** Classes per computation of text features. */
	classesPerChunk: z.int().positive().default(64),
	loss: methodSettings.loss,
	/**
	 * The cross entropy of the loss: `softmax` over the classes (the default for every model), or `sigmoid` per class, as in
	 * SigLIP's training. Missing unless set.
	 */
	classLoss: z.enum(classLosses).optional(),
	/** Weight of the adversarial part of the loss over epochs. */
	alpha: methodSettings.alpha,
	optimizer: z
		.strictObject({
			name: z.enum(optimizerNames).default('adamw'),
			learningRate: z.number().positive().default(1e-4),
			/** Rate of the first epoch, or of all warm-up epochs; null for no warm-up. */
			warmupRate: z.number().positive().nullable().default(1e-6),
			warmupEpochs: z.int().positive().default(1),
			/** `constant`, or `linear`: growing per epoch after the first one. */
			warmup: z.enum(['constant', 'linear']).default('constant'),
			/** Rate after warm-up. */
			decay: z.enum(['cosine', 'constant']).default('cosine'),
			/** Of AdamW. */
			betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]).default([0.9, 0.999]),
			/** Of AdamW. */
			epsilon: z.number().positive().default(1e-8),
			/** Of SGD. */
			momentum: z.number().min(0).lt(1).default(0.9),
			/** Of SGD. */
			nesterov: z.boolean().default(false),
			weightDecay: z.number().nonnegative().default(5e-4),
		})
		.prefault({}),
	/** The inner attack, L-infinity. */
	attack: z
		.strictObject({
			/** Size in pixel units of [0, 1]. */
			epsilon: z
				.number()
				.min(0)
				.max(1)
				.default(1 / 255),
			steps: z.int().positive().default(5),
			/** Step size as a multiple of epsilon. */
			relativeStepSize: z.number().positive().default(0.3),
			...methodAttack,
		})
		.prefault({}),
	augmentation: methodSettings.augmentation,
	/** Whether a run that collapsed to chance stops with an explanation. */
	stopOnCollapse: z.boolean().default(true),
})

/** Options of a tuning run with the paper's values as defaults. */
export const tuningConfigSchema = fields
	.refine(({ attack }) => attack.objective === 'cross-entropy' || attack.start !== 'zero', {
		path: ['attack', 'start'],
		message:
			'zero keeps an attack with kl-to-clean or feature-kl in place, because their gradient at the clean image is zero; use uniform',
	})
	.refine(({ loss, alpha }) => loss !== 'ramp' || (alpha.alpha <= 1 && alpha.kind !== 'sigmoid'), {
		path: ['alpha'],
		message: 'loss ramp uses the weights alpha and 1 - alpha; set kind to linear or constant, and alpha to at most 1',
	})
	.transform((config) => (config.attack.when === 'once' ? { ...config, augmentation: 'none' as const } : config))

/** A validated configuration. */
export type TuningConfig = z.output<typeof tuningConfigSchema>

/**
 * Merges layers of settings (deeply, later ones win) over the requirements of the chosen method, and fills in defaults.
 * @throws NaptuneError listing wrong fields.
 */
export function tuningConfig(...layers: readonly Readonly<Record<string, unknown>>[]): TuningConfig {
	const given = mergeSettings(layers)
	const name = isRecord(given.defense) ? given.defense.name : 'nap'
	const own = typeof name === 'string' ? (defenses.get(name)?.tuning ?? {}) : {}
	const parsed = tuningConfigSchema.safeParse(mergeSettings([own, given]))
	if (!parsed.success)
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The tuning configuration is invalid:\n${explainIssues(parsed.error, tuningConfigSchema, given)}`,
		)
	return parsed.data
}

/** Merges layers of settings deeply; later ones win. */
export function mergeSettings(layers: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
	return layers.reduce<Record<string, unknown>>(merge, {})
}

function merge(
	base: Readonly<Record<string, unknown>>,
	layer: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
	const result: Record<string, unknown> = { ...base }
	for (const [key, value] of Object.entries(layer)) {
		const before = result[key]
		result[key] = isRecord(before) && isRecord(value) ? merge(before, value) : value
	}
	return result
}

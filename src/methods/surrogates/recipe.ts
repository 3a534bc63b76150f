/** Recipes of surrogates: everything that determines one, as data. */

import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { explainIssues } from '../../files/explain-issues.js'
import { families } from './families/registry.js'

const positive = z.int().positive()
const probability = z.number().min(0).max(1)

const network = {
	/** Name of a registered family. */
	family: z.enum([...families.keys()]),
	/** Channels of the first stage. */
	width: positive,
	/** Blocks of each stage. */
	blocks: z.array(positive).min(1).max(6),
	/** Height and width to which images are resized. */
	imageSize: z.int().min(8).max(1024),
}

const training = {
	/** Passes over the images. */
	epochs: positive,
	/** Images per step; batch normalisation needs at least 2. */
	batchSize: z.int().min(2),
	/** Peak rate of stochastic gradient descent. */
	learningRate: z.number().positive(),
	/** Epochs over which the rate rises to its peak. */
	warmupEpochs: z.number().nonnegative(),
	/** Schedule after warm-up. */
	decay: z.enum(['cosine', 'constant']),
	momentum: z.number().min(0).lt(1),
	nesterov: z.boolean(),
	weightDecay: z.number().nonnegative(),
	/** Seed of every random choice. */
	seed: z.int().nonnegative(),
}

const classifierSchema = z.strictObject({
	...network,
	...training,
	/** Share of the image's side by which crops may extend beyond its border. */
	padding: z.number().min(0).max(0.5),
	/** Probability of a horizontal flip. */
	flip: probability,
})

const substituteSchema = z.strictObject({
	...network,
	...training,
	/** Length of an embedding. */
	embedding: positive,
	/**
	 * L2 size of the adversarial view, in pixel units; AGS's 1 is for 224 pixels, and changes each pixel of smaller images
	 * more.
	 */
	epsilon: z.number().nonnegative(),
	/** Steps of the attack that makes the adversarial view, each of size epsilon / steps. */
	steps: positive,
	/** Divisor of cosines in the contrastive loss. */
	temperature: z.number().positive(),
	/** Weight of the invariance term. */
	invariance: z.number().nonnegative(),
})

/** How a classifier is trained. */
export type ClassifierRecipe = z.infer<typeof classifierSchema>

/** How a substitute is trained. */
export type SubstituteRecipe = z.infer<typeof substituteSchema>

/** Defaults of a classifier except its family's width and blocks, chosen for small images and networks. */
export const classifierDefaults = {
	family: 'residual',
	imageSize: 32,
	epochs: 60,
	batchSize: 50,
	learningRate: 0.1,
	warmupEpochs: 3,
	decay: 'cosine',
	momentum: 0.9,
	nesterov: true,
	weightDecay: 5e-4,
	seed: 1,
	padding: 0.125,
	flip: 0.5,
} as const

/** Defaults of a substitute: AGS's, on a smaller trunk and smaller images. */
export const substituteDefaults = {
	family: 'residual',
	width: 16,
	blocks: [1, 1, 1, 1],
	imageSize: 32,
	epochs: 100,
	batchSize: 64,
	learningRate: 0.1,
	warmupEpochs: 0,
	decay: 'constant',
	momentum: 0.9,
	nesterov: false,
	weightDecay: 1e-4,
	seed: 1,
	embedding: 128,
	epsilon: 1,
	steps: 1,
	temperature: 0.5,
	invariance: 0.1,
} as const

/** User settings; undefined ones take the defaults. */
export type Settings<Recipe> = { readonly [Key in keyof Recipe]?: Recipe[Key] | undefined }

/** Completes the recipe of a classifier. @throws NaptuneError naming every wrong or unknown setting. */
export function classifierRecipe(settings: Settings<ClassifierRecipe>): ClassifierRecipe {
	return parsed(classifierSchema, { ...classifierDefaults, ...ofFamily(settings.family ?? 'residual') }, settings)
}

/** Completes the recipe of a substitute. @throws NaptuneError naming every wrong or unknown setting. */
export function substituteRecipe(settings: Settings<SubstituteRecipe>): SubstituteRecipe {
	return parsed(substituteSchema, substituteDefaults, settings)
}

function ofFamily(name: string) {
	const family = families.get(name)
	return family && { width: family.width, blocks: family.blocks }
}

function parsed<T>(schema: z.ZodType<T>, defaults: object, settings: object): T {
	const own = Object.entries(settings).filter(([, value]) => value !== undefined)
	const result = schema.safeParse({ ...defaults, ...Object.fromEntries(own) })
	if (!result.success) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The settings of the surrogate are invalid:\n${explainIssues(result.error, schema, settings)}`,
		)
	}
	return result.data
}

/** A pre-training recipe: everything that determines the weights, as data. */

import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'

const recipeSchema = z.strictObject({
	/** Seed of every random choice of the run. */
	seed: z.int().nonnegative(),
	/** Passes over the training images. */
	epochs: z.int().positive(),
	/** Images per step. */
	batchSize: z.int().min(2),
	/** Captions per class and step, drawn with independent templates and synonyms. */
	captionsPerClass: z.int().positive(),
	/** Tokens per caption, start and end included; longer captions are redrawn. */
	captionLength: z.int().min(4).max(77),
	/** Peak learning rate, reached after `warmupSteps` and followed by a cosine to zero. */
	learningRate: z.number().positive(),
	warmupSteps: z.int().nonnegative(),
	weightDecay: z.number().nonnegative(),
	betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]),
	/** Upper bound of the similarity scale exp(logit_scale); CLIP's is 100. */
	maximumScale: z.number().positive(),
	/** Decay per step of the saved running average of weights; 0 saves the last weights. */
	averageDecay: z.number().min(0).lt(1),
	augmentation: z.strictObject({
		/** Pixels of border before the random crop. */
		padding: z.int().nonnegative(),
		/** Probability of a horizontal flip. */
		flip: z.number().min(0).max(1),
		/** Side of a grey square at a random position; 0 for none. */
		cutout: z.int().nonnegative(),
	}),
	/** Training images held out to monitor zero-shot accuracy during the run. */
	heldOutImages: z.int().nonnegative(),
	/** Steps between two saved states. */
	stepsPerCheckpoint: z.int().positive(),
	/** The Hugging Face `config.json` of the model. */
	config: z.record(z.string(), z.unknown()),
	/** The Hugging Face `preprocessor_config.json` of the model. */
	preprocessor: z.record(z.string(), z.unknown()),
})

/** A validated recipe. */
export type PretrainingRecipe = z.infer<typeof recipeSchema>

/** Reads a recipe file. @throws NaptuneError naming every wrong or unknown field. */
export async function readRecipe(path: string): Promise<PretrainingRecipe> {
	const text = await readFile(path, 'utf8').catch((cause: unknown) => {
		throw new NaptuneError(
			'NAP_FILE_MISSING',
			`Cannot read the recipe ${path}; give the path of a recipe file such as models/nano/recipe.json.`,
			{
				cause,
			},
		)
	})
	let json: unknown
	try {
		json = JSON.parse(text)
	} catch (cause) {
		throw new NaptuneError('NAP_FILE_INVALID', `The recipe ${path} is not valid JSON: ${(cause as Error).message}.`, {
			cause,
		})
	}
	const parsed = recipeSchema.safeParse(json)
	if (!parsed.success)
		throw new NaptuneError('NAP_FILE_INVALID', `The recipe ${path} is invalid:\n${z.prettifyError(parsed.error)}`)
	return parsed.data
}

/** Learning rate of a 0-based step: linear warm-up, then a cosine to zero at `totalSteps`. */
export function pretrainingRate(recipe: PretrainingRecipe, step: number, totalSteps: number): number {
	const { learningRate, warmupSteps } = recipe
	if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps
	const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps)
	return learningRate * 0.5 * (1 + Math.cos(Math.PI * progress))
}

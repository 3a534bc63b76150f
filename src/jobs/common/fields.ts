/** Fields that the inputs of several jobs share. */

import { z } from 'zod'
import { parseEpsilon, threatModel } from '../../attacks/sets/threat-model.js'
import { embeddedModel } from '../../checkpoints/checkpoint.js'
import { packagedData } from './inputs.js'

/**
 * A CLIP or SigLIP: a folder of transformers or open_clip, a file of weights, or an id of the Hugging Face hub. Details
 * follow a `?`, such as `weights.pt?architecture=ViT-B-32` or `FOLDER?vision-weights=fare.pt`.
 */
export const modelField = z.string().default(embeddedModel)

/** A folder of class folders, a manifest, a data set of the hub (`hf:owner/name`), or the name of a data set. */
export const dataField = z.string().default(packagedData)

/** Folder that holds the folders of named data sets, such as `caltech-101`. */
export const dataRootField = z.string().optional()

/** Options of an attack or method, by name; each overrides a default. */
export const settingsField = z.record(z.string(), z.unknown()).default({})

/** Part of a data set. */
export const splitField = z.enum(['train', 'validation', 'test'])

/** A count of at least 1. */
export const countField = z.int().positive()

/** A seed for random choices. */
export const seedField = z.int().nonnegative()

/** Share of clean images that may be flagged, between 0 and 1. */
export const rateField = z.number().gt(0).lt(1).default(0.05)

/** What to do with unreadable images: stop the job, or exclude them, which the job reports and records. */
export const unreadableField = z.enum(['stop', 'exclude']).default('stop')

/** Size of a perturbation: a number in units of pixels in [0, 1], or a text such as `1/255`. */
export const sizeField = z.union([z.number(), z.string()]).transform((size, context): number => {
	try {
		return typeof size === 'string' ? parseEpsilon(size) : size
	} catch (error) {
		context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
		return z.NEVER
	}
})

/** {@link sizeField} in L-infinity, from 0 to 1. */
export const epsilonField = sizeField.transform((size, context): number => {
	try {
		return threatModel('linf', size).epsilon
	} catch (error) {
		context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
		return z.NEVER
	}
})

/** Input fields of jobs that work on a tuned run. */
export const runFields = {
	/** Run directory of `tune`. */
	run: z.string(),
	/** Where the checkpoint is now; by default where the run found it. */
	model: z.string().optional(),
	/** Folder that holds the folders of named data sets now; by default where the run found them. */
	dataRoot: dataRootField,
} as const

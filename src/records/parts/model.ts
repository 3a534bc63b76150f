/** Models and what runs them, as records name them. */

import { z } from 'zod'
import { informative } from '../informative.js'
import { chosen, count, options, positive, sha256 } from './fields.js'

/** Where a checkpoint is from, and what it is known by. */
export const checkpointShape = {
	source: informative(z.string().describe('Name, path or id of the checkpoint.')),
	revision: informative(z.string().exactOptional()),
	family: informative(
		z.string().exactOptional().describe("What kind of model it is, such as `siglip`; missing for transformers' CLIP."),
	),
	sha256: sha256.describe('Of the weights.'),
}

/** A checkpoint. */
export const modelSchema = z.strictObject(checkpointShape)

/** A defense with its parameters. */
export const defenseSchema = z.strictObject({
	name: z.string(),
	options,
	parameters: sha256.describe("Of the parameters' names, shapes and bytes in the order of their names."),
	trainableParameters: count,
})

/**
 * How the gradient of an attacker who knows everything goes through what is changed for each image. `bpda-identity`: it is
 * taken at the changed image and used as the gradient at the given one (backward pass differentiable approximation, Athalye
 * et al. 2018). `unrolled`: the update is part of the graph and is differentiated through.
 */
const attackedThroughNames = ['bpda-identity', 'unrolled'] as const

/** How the gradient of an attacker who knows everything goes through what is changed for each image. */
export type AttackedThrough = (typeof attackedThroughNames)[number]

/** What is changed for each image when it is classified. */
export const testTimeSchema = z.strictObject({
	...chosen.shape,
	attackedThrough: z
		.enum([...attackedThroughNames, 'none'])
		.describe("How the attacker's gradient goes through it; `none` where the attacker does not know it."),
})

/** What ran the work. */
export const versionsSchema = z.strictObject({ naptune: z.string(), engine: z.string(), device: z.string() })

/** What ran a training, whose bytes depend on threads, too. */
export const trainingEngineSchema = z.strictObject({ device: z.string(), threads: positive, version: z.string() })

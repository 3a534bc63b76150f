/** Models and engines as records describe them. */

import { z } from 'zod'
import { informative } from '../informative.js'
import { chosen, count, options, positive, sha256 } from './fields.js'

/** Source and identity of a checkpoint. */
export const checkpointShape = {
	source: informative(z.string().describe('Name, path or id of the checkpoint.')),
	revision: informative(z.string().exactOptional()),
	family: informative(
		z.string().exactOptional().describe("Kind of model, such as `siglip`; missing for transformers' CLIP."),
	),
	sha256: sha256.describe('SHA-256 of the weights.'),
}

/** A checkpoint. */
export const modelSchema = z.strictObject(checkpointShape)

/** A defense with its parameters. */
export const defenseSchema = z.strictObject({
	name: z.string(),
	options,
	parameters: sha256.describe('SHA-256 of the names, shapes and bytes of the parameters, ordered by name.'),
	trainableParameters: count,
})

/**
 * How the gradient of an attacker with full knowledge passes through the change made for each image. `bpda-identity`: the
 * gradient at the changed image serves as the gradient at the given one (backward pass differentiable approximation, Athalye
 * et al. 2018). `unrolled`: the update is part of the graph and is differentiated through.
 */
const attackedThroughNames = ['bpda-identity', 'unrolled'] as const

/** How the gradient of an attacker with full knowledge passes through the change made for each image. */
export type AttackedThrough = (typeof attackedThroughNames)[number]

/** What changes for each image at classification time. */
export const testTimeSchema = z.strictObject({
	...chosen.shape,
	attackedThrough: z
		.enum([...attackedThroughNames, 'none'])
		.describe("How the attacker's gradient passes through it; `none` if the attacker does not know it."),
})

/** Versions and device of the work. */
export const versionsSchema = z.strictObject({ naptune: z.string(), engine: z.string(), device: z.string() })

/** The engine of a training; its bytes also depend on the number of threads. */
export const trainingEngineSchema = z.strictObject({ device: z.string(), threads: positive, version: z.string() })

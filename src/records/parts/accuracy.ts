/** Measured numbers with their intervals. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { count, seconds, share } from './fields.js'

const shares = z.tuple([share, share])

/** The share of correctly classified images, with its 95 % Wilson interval. */
export const accuracySchema = z.strictObject({ accuracy: share, interval: shares })

/** Accuracy with its 95 % Wilson interval, in [0, 1]. */
export type Accuracy = Immutable<z.output<typeof accuracySchema>>

/** Any other share of images with its 95 % Wilson interval. */
export const shareSchema = z.strictObject({ share, interval: shares })

/** A share of images with its 95 % Wilson interval. */
export type Share = Immutable<z.output<typeof shareSchema>>

/** A mean with its 95 % interval. */
export const estimateSchema = z.strictObject({ mean: z.number(), interval: z.tuple([z.number(), z.number()]) })

/** The state after one stage of an attack. */
export const stageSchema = z.strictObject({
	stage: z.string().describe('Name of the stage, such as `apgd-ce`.'),
	attacked: count.describe('Images still right after the earlier stages, which this stage attacked.'),
	robust: accuracySchema.describe('Accuracy after this stage, over all images.'),
	seconds: seconds.describe('Wall-clock time, summed over all processes that worked on it.'),
})

/** The state after one stage of an attack. */
export type StageResult = Immutable<z.output<typeof stageSchema>>

/** Images passed through models; an image that passes twice counts twice. */
export const passesSchema = z.strictObject({
	evaluations: count.describe('Forward passes without gradient.'),
	gradients: count.describe('Forward passes with backward pass.'),
})

/** Images that were passed through; an image that passes twice counts twice. */
export type Passes = Immutable<z.output<typeof passesSchema>>

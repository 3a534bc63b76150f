/** Measured numbers with their intervals. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { count, seconds, share } from './fields.js'

const shares = z.tuple([share, share])

/** A share of images that are right, with its 95 % Wilson interval. */
export const accuracySchema = z.strictObject({ accuracy: share, interval: shares })

/** Accuracy with its 95 % Wilson interval, in [0, 1]. */
export type Accuracy = Immutable<z.output<typeof accuracySchema>>

/** Any other share of images with its 95 % Wilson interval. */
export const shareSchema = z.strictObject({ share, interval: shares })

/** A share of images with its 95 % Wilson interval. */
export type Share = Immutable<z.output<typeof shareSchema>>

/** A mean with its 95 % interval. */
export const estimateSchema = z.strictObject({ mean: z.number(), interval: z.tuple([z.number(), z.number()]) })

/** What one stage of an attack left. */
export const stageSchema = z.strictObject({
	stage: z.string().describe('Such as `apgd-ce`.'),
	attacked: count.describe('Images that the stages before had left right, which is what it was tried on.'),
	robust: accuracySchema.describe('After this stage, over all images.'),
	seconds: seconds.describe('Wall-clock time of all processes that worked on it.'),
})

/** What one stage of an attack left. */
export type StageResult = Immutable<z.output<typeof stageSchema>>

/** Images passed through models; an image that passes twice counts twice. */
export const passesSchema = z.strictObject({
	evaluations: count.describe('Forward alone.'),
	gradients: count.describe('Forward and backward.'),
})

/** Images that were passed through; an image that passes twice counts twice. */
export type Passes = Immutable<z.output<typeof passesSchema>>

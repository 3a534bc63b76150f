/** What requests and answers of the server look like. The OpenAPI document is made of these. */

import { z } from 'zod'
import { plainText } from '../core/plain-text.js'
import { falsePositivesSchema } from '../evaluation/detection/calibration.js'
import { calibrationKeySchema } from '../records/calibration.js'
import { classProbabilitySchema } from '../records/parts/class-probability.js'
import { count, positive, sha256, share } from '../records/parts/fields.js'

/** Bounds on one request. */
export interface RequestLimits {
	/** Bytes of a body. */
	readonly bodyBytes: number
	/** Pictures of a request. */
	readonly images: number
	/** Pixels of a picture. */
	readonly pixels: number
	/** Classes of a request. */
	readonly classes: number
}

const longestName = 200

const className = z
	.string()
	.min(1)
	.max(longestName)
	.refine((name) => plainText(name, 'removed') === name && !/[\t\n]/.test(name), 'has control characters in it')
	.refine((name) => name.trim() !== '', 'is empty')

/** What may be asked beside the pictures. */
export function classifyOptionsSchema({ classes }: Pick<RequestLimits, 'classes'>) {
	return z.strictObject({
		top: positive.default(5).describe('Classes to name per picture; all of them at most.'),
		classes: z
			.array(className)
			.min(2)
			.max(classes)
			.optional()
			.describe('Classes to tell apart instead of those of the model, where GET /v1/model says that it takes others.'),
		correction: z
			.boolean()
			.default(true)
			.describe('Whether to tell how heavily refiners corrected each picture, where the model can tell.'),
	})
}

/** Options of a request, with their defaults. */
export type ClassifyOptions = z.output<ReturnType<typeof classifyOptionsSchema>>

/** A JSON body. */
export function classifyJsonSchema(limits: Pick<RequestLimits, 'classes' | 'images'>) {
	const data = z
		.string()
		.min(1)
		.describe('A whole image file in base64; a data: URL is taken, too. Addresses and paths are not followed.')
	return classifyOptionsSchema(limits).extend({
		images: z
			.array(z.union([data, z.strictObject({ name: z.string().max(longestName).optional(), data })]))
			.min(1)
			.max(limits.images),
	})
}

const scoreSchema = z.object({
	score: z.number().describe('See the meaning.'),
	pValue: z.number().describe('In (0, 1]: the share of clean images that score at least as high.'),
	flagged: z.boolean().describe('Whether the p-value is at most the false-positive rate of the server.'),
})

/** The answer to a classification. */
export const classifyAnswerSchema = z.object({
	images: z
		.array(
			z.object({
				name: z.string().exactOptional().describe('As the request called it.'),
				classes: z.array(classProbabilitySchema).describe('The most probable, best first.'),
				correction: scoreSchema
					.exactOptional()
					.describe('How heavily refiners corrected the picture, relative to its tokens.'),
				disagreement: scoreSchema
					.exactOptional()
					.describe("How far an ensemble's refiners disagreed, relative to the tokens."),
			}),
		)
		.describe('In the order of the request.'),
	meaning: z.string().exactOptional().describe('What correction says and what it does not.'),
})

/** The answer to a classification. */
export type ClassifyAnswer = z.output<typeof classifyAnswerSchema>

/** What is told of the model. */
export const modelAnswerSchema = z.object({
	kind: z.enum(['run', 'export']),
	method: z.string().describe('Such as nap.'),
	weights: sha256.describe('Of the checkpoint that was tuned, or of the exported files.'),
	parameters: sha256.exactOptional().describe('Fingerprint of what was tuned.'),
	classNames: z.array(z.string()).describe('In the order of their index.'),
	imageSize: z.object({ height: positive, width: positive }).describe('Of pictures as the model reads them.'),
	openVocabulary: z.boolean().describe('Whether requests may bring classes of their own.'),
	correction: z
		.object({
			falsePositiveRate: share.describe('Share of clean images that may be flagged.'),
			threshold: falsePositivesSchema.shape.threshold,
			images: calibrationKeySchema.shape.images.describe('Clean images that p-values are counted over.'),
			split: calibrationKeySchema.shape.split,
			meaning: z.string(),
		})
		.exactOptional()
		.describe('Of a model with refiners.'),
	limits: z.object({
		bodyBytes: positive,
		images: positive.describe('Of one request.'),
		pixels: positive.describe('Of one picture.'),
		classes: positive.describe('Of one request.'),
		queue: positive.describe('Pictures that may wait or be worked on; more are answered with 429.'),
	}),
	version: z.string().describe('Of naptune.'),
})

/** What is told of the model. */
export type ModelAnswer = z.output<typeof modelAnswerSchema>

/** Any answer that is none. */
export const errorAnswerSchema = z.object({
	error: z.object({
		code: z.string().describe('A stable name, such as NAP_IMAGE_DAMAGED.'),
		message: z.string().describe('What was wrong and what to do.'),
		requestId: z.string().describe('As in the header X-Request-Id and in the log.'),
	}),
})

/** The answer of /healthz and /readyz. */
export const stateAnswerSchema = z.object({
	state: z.enum(['loading', 'ready', 'stopping', 'failed']),
	requests: count.describe('Under way.'),
})

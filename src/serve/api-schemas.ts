/** Schemas of the server's requests and answers, from which the OpenAPI document is made. */

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
	.refine((name) => plainText(name, 'removed') === name && !/[\t\n]/.test(name), 'contains control characters')
	.refine((name) => name.trim() !== '', 'is empty')

/** Options that accompany the pictures. */
export function classifyOptionsSchema({ classes }: Pick<RequestLimits, 'classes'>) {
	return z.strictObject({
		top: positive.default(5).describe('Number of classes to list per picture, at most all of them.'),
		classes: z
			.array(className)
			.min(2)
			.max(classes)
			.optional()
			.describe("Classes to use instead of the model's own, if GET /v1/model says that it accepts others."),
		correction: z
			.boolean()
			.default(true)
			.describe('Whether to report how heavily refiners corrected each picture, if the model supports it.'),
	})
}

/** Options of a request, with their defaults. */
export type ClassifyOptions = z.output<ReturnType<typeof classifyOptionsSchema>>

/** A JSON body. */
export function classifyJsonSchema(limits: Pick<RequestLimits, 'classes' | 'images'>) {
	const data = z
		.string()
		.min(1)
		.describe('A whole image file in base64, or a data: URL. The server does not follow addresses or paths.')
	return classifyOptionsSchema(limits).extend({
		images: z
			.array(z.union([data, z.strictObject({ name: z.string().max(longestName).optional(), data })]))
			.min(1)
			.max(limits.images),
	})
}

const scoreSchema = z.object({
	score: z.number().describe('Score; see `meaning`.'),
	pValue: z.number().describe('Share of clean images that score at least as high, in (0, 1].'),
	flagged: z.boolean().describe("Whether the p-value is at most the server's false-positive rate."),
})

/** The answer to a classification. */
export const classifyAnswerSchema = z.object({
	images: z
		.array(
			z.object({
				name: z.string().exactOptional().describe('Name from the request.'),
				classes: z.array(classProbabilitySchema).describe('The most probable classes, best first.'),
				correction: scoreSchema
					.exactOptional()
					.describe('How heavily refiners corrected the picture, relative to its tokens.'),
				disagreement: scoreSchema
					.exactOptional()
					.describe("How far an ensemble's refiners disagreed, relative to the tokens."),
			}),
		)
		.describe('Pictures in the order of the request.'),
	meaning: z.string().exactOptional().describe('What `correction` shows and what it does not.'),
})

/** The answer to a classification. */
export type ClassifyAnswer = z.output<typeof classifyAnswerSchema>

/** The answer about the model. */
export const modelAnswerSchema = z.object({
	kind: z.enum(['run', 'export']),
	method: z.string().describe('Name of the method, such as nap.'),
	weights: sha256.describe('SHA-256 of the tuned checkpoint, or of the exported files.'),
	parameters: sha256.exactOptional().describe('Fingerprint of the tuned parameters.'),
	classNames: z.array(z.string()).describe('Class names in index order.'),
	imageSize: z.object({ height: positive, width: positive }).describe("Size of the model's input pictures."),
	openVocabulary: z.boolean().describe('Whether requests may bring their own classes.'),
	correction: z
		.object({
			falsePositiveRate: share.describe('Share of clean images that may be flagged.'),
			threshold: falsePositivesSchema.shape.threshold,
			images: calibrationKeySchema.shape.images.describe('Number of clean images behind the p-values.'),
			split: calibrationKeySchema.shape.split,
			meaning: z.string(),
		})
		.exactOptional()
		.describe('Flags of heavily corrected pictures, for a model with refiners.'),
	limits: z.object({
		bodyBytes: positive,
		images: positive.describe('Maximum per request.'),
		pixels: positive.describe('Maximum per picture.'),
		classes: positive.describe('Maximum per request.'),
		queue: positive.describe('Maximum number of pictures in progress; the server answers more with 429.'),
	}),
	version: z.string().describe('Version of naptune.'),
})

/** The answer about the model. */
export type ModelAnswer = z.output<typeof modelAnswerSchema>

/** The answer of any failed request. */
export const errorAnswerSchema = z.object({
	error: z.object({
		code: z.string().describe('A stable name, such as NAP_IMAGE_DAMAGED.'),
		message: z.string().describe('What was wrong and what to do.'),
		requestId: z.string().describe('Id as in the header X-Request-Id and in the log.'),
	}),
})

/** The answer of /healthz and /readyz. */
export const stateAnswerSchema = z.object({
	state: z.enum(['loading', 'ready', 'stopping', 'failed']),
	requests: count.describe('Requests in progress.'),
})

/**
 * Builds the server's OpenAPI document from the schemas that validate requests. OpenAPI 3.1 accepts JSON Schema directly.
 */

import { z } from 'zod'
import {
	classifyAnswerSchema,
	classifyJsonSchema,
	classifyOptionsSchema,
	errorAnswerSchema,
	modelAnswerSchema,
	type RequestLimits,
	stateAnswerSchema,
} from './api-schemas.js'

/** What the document states about a server. */
export interface OpenApiOptions {
	readonly limits: RequestLimits
	/** Version of naptune. */
	readonly version: string
	/** Whether requests need a token. */
	readonly token: boolean
}

type Json = Readonly<Record<string, unknown>>

/** The document, as JSON. */
export function openApiDocument({ limits, version, token }: OpenApiOptions): Json {
	const secured = token ? { security: [{ bearer: [] }] } : {}
	const failures = (...statuses: readonly (keyof typeof problems)[]) =>
		Object.fromEntries(
			[...statuses, ...(token ? (['401'] as const) : [])].map((status) => [status, problem(problems[status])]),
		)
	return {
		openapi: '3.1.0',
		info: {
			title: 'naptune serve',
			version,
			description: 'Robust zero-shot classification of pictures over HTTP.',
			license: { name: 'MIT', identifier: 'MIT' },
		},
		servers: [{ url: '/' }],
		paths: {
			'/v1/classify': {
				post: {
					operationId: 'classify',
					summary: 'Classify pictures.',
					description:
						'The body is one raw picture, a form with files, or JSON with base64. Answers follow the order of the pictures. If one picture is unusable, the server classifies none.',
					...secured,
					parameters: queryParameters(limits),
					requestBody: { required: true, content: bodies(limits) },
					responses: {
						'200': answer('The classes of every picture.', 'ClassifyAnswer'),
						...failures('400', '408', '413', '415', '422', '429', '503'),
					},
				},
			},
			'/v1/model': {
				get: {
					operationId: 'model',
					summary: 'The served model and the limits of requests.',
					...secured,
					responses: { '200': answer('The model.', 'ModelAnswer'), ...failures('503') },
				},
			},
			'/healthz': {
				get: {
					operationId: 'health',
					summary: 'Whether the process works; restart it if not.',
					responses: {
						'200': answer('It works.', 'StateAnswer'),
						'500': answer('The engine has failed.', 'StateAnswer'),
					},
				},
			},
			'/readyz': {
				get: {
					operationId: 'ready',
					summary: 'Whether requests should be sent here.',
					responses: {
						'200': answer('It is ready for requests.', 'StateAnswer'),
						'503': answer('It is loading or stopping.', 'StateAnswer'),
					},
				},
			},
			'/metrics': {
				get: {
					operationId: 'metrics',
					summary: "Counters in Prometheus' text format.",
					...secured,
					responses: {
						'200': { description: 'The counters.', content: { 'text/plain': { schema: { type: 'string' } } } },
						...failures('501'),
					},
				},
			},
		},
		components: {
			schemas: {
				ClassifyRequest: jsonSchema(classifyJsonSchema(limits), 'input'),
				ClassifyAnswer: jsonSchema(classifyAnswerSchema, 'output'),
				ModelAnswer: jsonSchema(modelAnswerSchema, 'output'),
				StateAnswer: jsonSchema(stateAnswerSchema, 'output'),
				ErrorAnswer: jsonSchema(errorAnswerSchema, 'output'),
			},
			...(token ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } : {}),
		},
	}
}

const problems = {
	'400': 'The request is malformed.',
	'401': 'The token is missing or wrong.',
	'408': 'The request arrived too slowly.',
	'413': 'The body is too large or has too many pictures.',
	'415': 'The server does not read this type of body.',
	'422': 'A picture or a class is unusable.',
	'429': 'The queue is full; Retry-After says when to try again.',
	'501': 'The package prom-client is not installed beside naptune.',
	'503': 'The model is still loading; Retry-After says when to try again.',
} as const

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })

function answer(description: string, name: string): Json {
	return { description, content: { 'application/json': { schema: reference(name) } } }
}

function problem(description: string): Json {
	return answer(description, 'ErrorAnswer')
}

function bodies(limits: RequestLimits): Json {
	const options = jsonSchema(classifyOptionsSchema(limits), 'input')
	const files = { type: 'array', items: { type: 'string', format: 'binary' }, minItems: 1, maxItems: limits.images }
	return {
		'image/*': { schema: { type: 'string', format: 'binary' } },
		'multipart/form-data': {
			schema: { ...options, properties: { image: files, ...(options.properties as Json) }, required: ['image'] },
		},
		'application/json': { schema: reference('ClassifyRequest') },
	}
}

/** Options for a body that is a picture; a form may send them as fields. */
function queryParameters(limits: RequestLimits): Json[] {
	const { properties } = jsonSchema(classifyOptionsSchema(limits), 'input')
	return Object.entries(properties as Readonly<Record<string, Json>>).map(([name, { description, ...schema }]) => ({
		name,
		in: 'query',
		...(description === undefined ? {} : { description }),
		schema,
		...(name === 'classes' ? { style: 'form', explode: true } : {}),
	}))
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
	const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
	return rest
}

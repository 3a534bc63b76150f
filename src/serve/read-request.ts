/** Parses a request body into pictures and options. Opens and fetches nothing that the body names. */

import type { z } from 'zod'
import { plainText } from '../core/plain-text.js'
import { shown } from '../core/shown.js'
import { explainIssues } from '../files/explain-issues.js'
import { type ClassifyOptions, classifyJsonSchema, classifyOptionsSchema, type RequestLimits } from './api-schemas.js'
import { HttpProblem } from './http-problem.js'

/** A picture of a request. */
export interface SentPicture {
	/** Content of an image file. */
	readonly bytes: Uint8Array
	/** Name from the request. */
	readonly name?: string
}

/** The content of a classification request. */
export interface ClassifyRequest {
	readonly pictures: readonly SentPicture[]
	readonly options: ClassifyOptions
}

/** A received body. */
export interface ReceivedBody {
	/** The header Content-Type. */
	readonly type: string | undefined
	readonly bytes: Uint8Array<ArrayBuffer>
	/** Query of the address: options for bodies that hold none. */
	readonly query: URLSearchParams
}

/** Accepted bodies, for messages. */
const forms = 'an image file (Content-Type: image/…), multipart/form-data with files, or application/json with base64'

/** @throws HttpProblem for a body of another type, or unusable options. */
export async function readClassifyRequest(body: ReceivedBody, limits: RequestLimits): Promise<ClassifyRequest> {
	const type = (body.type ?? '').split(';', 1).join().trim().toLowerCase()
	const read = type === 'multipart/form-data' ? readForm : type === 'application/json' ? readJson : undefined
	const raw = /^image\/|^application\/octet-stream$/.test(type)
	if (!read && !raw) {
		throw new HttpProblem(
			415,
			'NAP_REQUEST_INVALID',
			`A body of ${type === '' ? 'no Content-Type' : `type ${shown(type)}`} is not supported; send ${forms}.`,
			{ Accept: 'image/*, multipart/form-data, application/json' },
		)
	}
	if (body.bytes.length === 0) throw invalid(`The body is empty; send ${forms}.`)
	const request = read
		? await read(body, limits)
		: { pictures: [{ bytes: body.bytes }], options: optionsOf([...body.query], limits) }
	if (request.pictures.length === 0) throw invalid('The form has no file; add pictures as files.')
	if (request.pictures.length > limits.images) {
		throw new HttpProblem(
			413,
			'NAP_REQUEST_TOO_LARGE',
			`The request has ${request.pictures.length} pictures; the limit is ${limits.images}. Split them over several requests.`,
		)
	}
	return request
}

async function readForm({ type, bytes, query }: ReceivedBody, limits: RequestLimits): Promise<ClassifyRequest> {
	const form = await new Response(bytes, { headers: { 'Content-Type': type ?? '' } }).formData().catch(() => {
		throw invalid('The form is unreadable: it is truncated, or its boundary differs from the one in Content-Type.')
	})
	const pictures: SentPicture[] = []
	const entries: [string, string][] = [...query]
	for (const [key, value] of form) {
		if (typeof value === 'string') entries.push([key, value])
		else pictures.push({ bytes: new Uint8Array(await value.arrayBuffer()), ...nameOf(value.name) })
	}
	return { pictures, options: optionsOf(entries, limits) }
}

async function readJson({ bytes, query }: ReceivedBody, limits: RequestLimits): Promise<ClassifyRequest> {
	let value: unknown
	try {
		value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
	} catch (error) {
		throw invalid(`The body is not JSON: ${error instanceof Error ? error.message : error}.`)
	}
	if ([...query].length > 0) throw invalid('Options of a JSON body belong in the body, not in the address.')
	const { images, ...options } = parsed(classifyJsonSchema(limits), value)
	const pictures = images.map((image, position) =>
		typeof image === 'string'
			? { bytes: fromBase64(image, position) }
			: { bytes: fromBase64(image.data, position), ...nameOf(image.name ?? '') },
	)
	return { pictures, options }
}

/** A name that is safe to show in errors and logs. */
function nameOf(name: string): { readonly name?: string } {
	const plain = plainText(name, 'removed').slice(0, 200)
	return plain === '' ? {} : { name: plain }
}

function fromBase64(text: string, position: number): Uint8Array {
	const base64 = text.replace(/^data:[\w.+/-]*;base64,/, '').replace(/[\r\n]/g, '')
	if (base64.length > 0 && base64.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
		return Buffer.from(base64, 'base64')
	}
	throw invalid(
		`Image ${position + 1} is not base64: it begins with ${shown(text.slice(0, 24))}. Send the bytes of the file in base64; the server does not follow addresses or paths.`,
	)
}

/** Parses options given as texts; only `classes` may repeat. */
function optionsOf(entries: readonly (readonly [string, string])[], limits: RequestLimits): ClassifyOptions {
	const given: Record<string, unknown> = Object.create(null)
	for (const [key, text] of entries) {
		if (key === 'classes') given.classes = [...((given.classes as string[] | undefined) ?? []), text]
		else if (key in given) throw invalid(`${shown(key)} was given more than once.`)
		else given[key] = optionValue(key, text)
	}
	return parsed(classifyOptionsSchema(limits), { ...given })
}

function optionValue(key: string, text: string): unknown {
	if (key === 'top' && /^\d{1,9}$/.test(text)) return Number(text)
	if (key === 'correction' && ['true', 'false'].includes(text)) return text === 'true'
	return text
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
	const result = schema.safeParse(value)
	if (result.success) return result.data
	throw invalid(`The request is invalid:\n${plainText(explainIssues(result.error, schema), 'shown')}`)
}

function invalid(message: string): HttpProblem {
	return new HttpProblem(400, 'NAP_REQUEST_INVALID', message)
}

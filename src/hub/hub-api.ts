/** A `fetch` for the library of the hub's API, which believes what it is told. */

import { HubApiError } from '@huggingface/hub'
import { z } from 'zod'
import { isRecord } from '../core/guards.js'
import { type Asking, ask, refusePage, textOf, UnusableAnswer } from './hub-answer.js'

/** Bytes of one answer; that of a repository of ten thousand files has about one MiB. */
const longestAnswer = 8 * 2 ** 20

/**
 * A `fetch` whose answers are whole, of a bounded size, and JSON of the shape that is expected; all else is thrown.
 * @throws UnusableAnswer for silence, an answer without an end, a web page, or what is no JSON or of another shape;
 * HubApiError when the hub refuses; TypeError when the connection fails.
 */
export function apiFetch(shape: z.ZodType, asking: Asking): typeof fetch {
	return async (input, init) => {
		const address = input instanceof Request ? input.url : String(input)
		const answer = await ask(address, init ?? {}, asking)
		const { ok, status, headers } = answer.response
		const text = await textOf(answer, longestAnswer, asking)
		if (!ok) throw refusal(address, status, headers.get('x-request-id') ?? undefined, text)
		refusePage(answer.response, asking.endpoint, text)
		const parsed = shape.safeParse(parsedJson(text, asking.endpoint))
		if (parsed.success) return new Response(text, { status, headers: kept(headers) })
		throw new UnusableAnswer(
			asking.endpoint,
			`it answered in another form than a hub:\n${z.prettifyError(parsed.error).slice(0, 1000)}\n(asked for ${address})`,
			'Check HF_ENDPOINT.',
		)
	}
}

/** What describes the body as it was sent, compressed perhaps, does not describe its text. */
function kept(headers: Headers): Headers {
	const own = new Headers({ 'content-type': 'application/json' })
	const link = headers.get('link')
	if (link !== null) own.set('link', link)
	return own
}

function parsedJson(text: string, endpoint: string): unknown {
	try {
		return JSON.parse(text)
	} catch {
		const start = text.slice(0, 60)
		throw new UnusableAnswer(
			endpoint,
			text === ''
				? 'it answered with nothing'
				: `it answered with something that is not JSON: ${JSON.stringify(start)}`,
			'Check HF_ENDPOINT.',
		)
	}
}

/** The hub's own words where it has some. */
function refusal(address: string, status: number, requestId: string | undefined, text: string): HubApiError {
	let said: unknown
	try {
		const json: unknown = JSON.parse(text)
		said = isRecord(json) ? (json.error ?? json.message) : undefined
	} catch {
		// A web page, as servers answer that are out of order.
	}
	const words = typeof said === 'string' ? said.slice(0, 500) : `the hub answered ${status}`
	return new HubApiError(address, status, requestId, `${words}. URL: ${address}.`)
}

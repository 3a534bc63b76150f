/** A checking `fetch` for the hub API's library, which trusts every answer. */

import { HubApiError } from '@huggingface/hub'
import { z } from 'zod'
import { isRecord } from '../core/guards.js'
import { type Asking, ask, refusePage, textOf, UnusableAnswer } from './hub-answer.js'

/** Most bytes of one answer; that of a repository with ten thousand files has about one MiB. */
const longestAnswer = 8 * 2 ** 20

/**
 * A `fetch` whose answers are complete, bounded, and JSON of the expected form; it throws for anything else.
 * @throws UnusableAnswer for silence, an endless answer, a web page, or anything that is not JSON of this form; HubApiError
 * if the hub refuses; TypeError if the connection fails.
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
			`its answer does not have the form of a hub's:\n${z.prettifyError(parsed.error).slice(0, 1000)}\n(requested ${address})`,
			'Check HF_ENDPOINT.',
		)
	}
}

/** Headers that describe the body as sent, possibly compressed, do not describe its text. */
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
			text === '' ? 'its answer is empty' : `its answer is not JSON: ${JSON.stringify(start)}`,
			'Check HF_ENDPOINT.',
		)
	}
}

/** The hub's own words, if any. */
function refusal(address: string, status: number, requestId: string | undefined, text: string): HubApiError {
	let said: unknown
	try {
		const json: unknown = JSON.parse(text)
		said = isRecord(json) ? (json.error ?? json.message) : undefined
	} catch {
		// A web page, which is how a server that is out of order answers.
	}
	const words = typeof said === 'string' ? said.slice(0, 500) : `the hub answered ${status}`
	return new HubApiError(address, status, requestId, `${words}. URL: ${address}.`)
}

/** Reads answers from a host that may say anything, slowly, or without end. */

import { NaptuneError } from '../core/errors.js'
import { patiently } from './patience.js'

/** The host sent nothing usable; a cached copy may replace it. */
export class UnusableAnswer extends NaptuneError {
	/** @param reason What came instead, as part of a sentence. @param advice A sentence. */
	constructor(
		endpoint: string,
		readonly reason: string,
		readonly advice: string,
	) {
		super('NAP_HUB_UNREACHABLE', `${endpoint} is unusable: ${reason}. ${advice}`)
	}
}

/** Options of a request. */
export interface Asking {
	readonly fetch: typeof fetch
	/** Address of the hub, for messages. */
	readonly endpoint: string
	/** Seconds of silence, or of fewer than 1 KiB, after which the request is abandoned. */
	readonly timeout: number
	/** Called with the seconds waited; if it throws, the request ends. */
	readonly onWaiting?: ((seconds: number) => void) | undefined
}

/** An answer whose body has not been read yet. */
export interface OpenAnswer {
	readonly response: Response
	/** Closes the connection. */
	readonly close: () => void
}

/** Bytes that must arrive within the time-out; fewer counts as silence. */
const leastBytes = 1024

/**
 * Sends a request and waits for the head of the answer.
 * @throws UnusableAnswer if none arrives in time; TypeError if the connection fails.
 */
export async function ask(address: string, init: RequestInit, asking: Asking): Promise<OpenAnswer> {
	const controller = new AbortController()
	const close = () => controller.abort()
	const { endpoint, timeout: seconds, onWaiting } = asking
	const request = asking.fetch(address, { ...init, signal: controller.signal })
	try {
		const response = await patiently(request, { seconds, onWaiting, giveUp: () => silent(endpoint, seconds) })
		return { response, close }
	} catch (error) {
		close()
		throw error
	}
}

/**
 * The body as it arrives, decompressed.
 * @throws UnusableAnswer if it stalls; the connection's error if it breaks. The connection is closed in any case.
 */
export async function* piecesOf({ response, close }: OpenAnswer, asking: Asking): AsyncGenerator<Uint8Array> {
	const { endpoint, timeout: seconds, onWaiting } = asking
	const reader = response.body?.getReader()
	if (!reader) return
	const giveUp = () => silent(endpoint, seconds)
	let since = performance.now()
	let bytes = 0
	try {
		for (;;) {
			const { done, value } = await patiently(reader.read(), { seconds, since, onWaiting, giveUp })
			if (done) return
			yield value
			bytes += value.length
			if (bytes >= leastBytes) {
				// The caller's work on the piece also took time.
				since = performance.now()
				bytes = 0
				continue
			}
			const waited = (performance.now() - since) / 1000
			if (waited >= seconds) throw giveUp()
			onWaiting?.(waited)
		}
	} finally {
		close()
	}
}

/**
 * The whole body as text.
 * @param limit Bytes, after decompression.
 * @throws UnusableAnswer if there is more, it takes ten times the time-out, or as {@link piecesOf}.
 */
export async function textOf(answer: OpenAnswer, limit: number, asking: Asking): Promise<string> {
	const { endpoint, timeout } = asking
	const began = performance.now()
	const pieces: Uint8Array[] = []
	let length = 0
	for await (const piece of piecesOf(answer, asking)) {
		asking.onWaiting?.(0)
		length += piece.length
		if (length > limit) {
			throw new UnusableAnswer(
				endpoint,
				`its answer is endless (more than ${limit / 2 ** 20} MiB instead of a few KiB)`,
				'Check HF_ENDPOINT.',
			)
		}
		if (performance.now() - began > 10_000 * timeout)
			throw silent(endpoint, 10 * timeout, 'only part of an answer arrived')
		pieces.push(piece)
	}
	return Buffer.concat(pieces).toString('utf8')
}

/** @throws UnusableAnswer for a web page, such as a network's sign-in page. */
export function refusePage({ headers }: Response, endpoint: string, text = ''): void {
	const isPage = /\bhtml\b/i.test(headers.get('content-type') ?? '') || /^\s*<(?:!doctype|html|head|body)\b/i.test(text)
	if (!isPage) return
	const title = /<title[^>]*>([^<]{1,200})/i.exec(text.slice(0, 100_000))?.[1]?.trim()
	throw new UnusableAnswer(
		endpoint,
		`a web page came back${title ? ` (${JSON.stringify(title.slice(0, 60))})` : ''} instead of the hub's data`,
		'Open the address in a browser: a network may ask to sign in first. Otherwise check HF_ENDPOINT.',
	)
}

/** Without a connection, `fetch` fails with a TypeError whose cause is the system's error. */
export function isConnectionFailure(error: unknown): boolean {
	return error instanceof TypeError && (error.cause instanceof Error || error.message === 'fetch failed')
}

function silent(endpoint: string, seconds: number, what = 'nothing arrived'): UnusableAnswer {
	return new UnusableAnswer(
		endpoint,
		`${what} in ${seconds} s`,
		'Check the connection and HF_ENDPOINT; HF_HUB_DOWNLOAD_TIMEOUT sets the seconds to wait.',
	)
}

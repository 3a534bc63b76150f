/** A client for MLflow's REST interface, version 2.0, with credentials, a time limit and retries. */

import { setTimeout as wait } from 'node:timers/promises'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'

/** Credentials for requests. */
export type Credentials =
	| { readonly token: string }
	| { readonly username: string; readonly password: string }
	| undefined

/** A server and the settings of its connection. */
export interface MlflowServer {
	/** Address without credentials. */
	readonly url: URL
	readonly credentials: Credentials
	/** Milliseconds before each retry; 500, 1000 and 2000 by default. */
	readonly delays?: readonly number[]
	/** Time limit of an answer in milliseconds; 10000 by default. */
	readonly patience?: number
}

/** A failed request. */
export class MlflowFailure extends Error {
	override readonly name = 'MlflowFailure'
	/**
	 * @param message The server's message, or why it could not be reached.
	 * @param status HTTP status; missing without an answer.
	 * @param code MLflow's error code, such as `RESOURCE_DOES_NOT_EXIST`.
	 */
	constructor(
		message: string,
		readonly status?: number,
		readonly code?: string,
	) {
		super(message)
	}

	/** Whether the failure is temporary, so that the same request may succeed later. */
	get passes(): boolean {
		return this.status === undefined || this.status === 429 || this.status >= 500
	}
}

/** A call of an endpoint, such as `runs/create`; GET without a body. */
export type MlflowCall = (
	endpoint: string,
	body?: Readonly<Record<string, unknown>>,
	query?: Readonly<Record<string, string>>,
) => Promise<Readonly<Record<string, unknown>>>

/** Creates the calls to a server, which throw {@link MlflowFailure}. @param signal Ends all calls. */
export function mlflowClient(server: MlflowServer, signal: AbortSignal): MlflowCall {
	const { url, credentials, delays = [500, 1000, 2000], patience = 10_000 } = server
	const headers = { 'content-type': 'application/json', ...authorization(credentials) }
	return async (endpoint, body, query = {}) => {
		// Do not resolve a path here; one that begins with two slashes would lead to another server.
		const address = new URL(url)
		address.pathname = `${url.pathname.replace(/\/+$/, '')}/api/2.0/mlflow/${endpoint}`
		for (const [key, value] of Object.entries(query)) address.searchParams.set(key, value)
		for (let tries = 0; ; tries++) {
			try {
				return await request(address, headers, body, AbortSignal.any([signal, AbortSignal.timeout(patience)]))
			} catch (error) {
				const delay = delays[tries]
				if (!(error instanceof MlflowFailure) || !error.passes || delay === undefined || signal.aborted) throw error
				await wait(delay, undefined, { signal }).catch(() => {})
			}
		}
	}
}

async function request(
	address: URL,
	headers: Readonly<Record<string, string>>,
	body: Readonly<Record<string, unknown>> | undefined,
	signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
	let status: number
	let text: string
	try {
		const response = await fetch(address, {
			method: body ? 'POST' : 'GET',
			headers,
			signal,
			...defined({ body: body ? JSON.stringify(body) : undefined }),
		})
		status = response.status
		text = await response.text()
	} catch (error) {
		// A failed fetch holds its reason in its cause.
		const { message, cause } = error as Error
		throw new MlflowFailure(cause instanceof Error && cause.message !== '' ? cause.message : message)
	}
	const answer = parsed(text)
	if (status >= 200 && status < 300) {
		if (answer) return answer
		throw new MlflowFailure('it does not answer like an MLflow server', 404)
	}
	const { message, error_code: code } = answer ?? {}
	const said = typeof message === 'string' ? `: ${message.slice(0, 200)}` : ''
	throw new MlflowFailure(`status ${status}${said}`, status, typeof code === 'string' ? code : undefined)
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
	try {
		const value: unknown = JSON.parse(text)
		return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
	} catch {
		return undefined
	}
}

function authorization(credentials: Credentials): Record<string, string> {
	if (!credentials) return {}
	if ('token' in credentials) return { authorization: `Bearer ${credentials.token}` }
	const { username, password } = credentials
	return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

/**
 * The server of an address, with credentials from the address or, as for MLflow's own client, from the environment:
 * MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
 * @throws NaptuneError for anything but an HTTP address, or for credentials that cannot be sent, which the error does not
 * show.
 */
export function mlflowServer(text: string, environment: Readonly<Record<string, string | undefined>>): MlflowServer {
	const url = URL.canParse(text) ? new URL(text) : undefined
	if (!url || !['http:', 'https:'].includes(url.protocol)) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			'MLflow needs the address of its server, such as http://localhost:5000.',
		)
	}
	const own = url.username === '' ? undefined : credentialsOf(url)
	url.username = ''
	url.password = ''
	url.search = ''
	url.hash = ''
	const {
		MLFLOW_TRACKING_TOKEN: token,
		MLFLOW_TRACKING_USERNAME: username,
		MLFLOW_TRACKING_PASSWORD: password = '',
	} = environment
	return { url, credentials: own ?? (token ? tokenOf(token) : username ? { username, password } : undefined) }
}

/** Checks the token first, because the error of a request would show a token that no header accepts. */
function tokenOf(text: string): Credentials {
	const token = text.trim()
	if (/^[!-~]+$/.test(token)) return { token }
	throw new NaptuneError(
		'NAP_OPTION_INVALID',
		'MLFLOW_TRACKING_TOKEN contains blanks or characters that cannot be sent; set it to the token alone.',
	)
}

function credentialsOf({ username, password }: URL): Credentials {
	try {
		return { username: decodeURIComponent(username), password: decodeURIComponent(password) }
	} catch (error) {
		throw new NaptuneError('NAP_OPTION_INVALID', "Write % as %25 in the user name and password of MLflow's address.", {
			cause: error,
		})
	}
}

/** The routes of the server. */

import { type Context, Hono } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { requestId } from 'hono/request-id'
import { secureHeaders } from 'hono/secure-headers'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { defined } from '../core/defined.js'
import type { Admission, Ticket } from './admission.js'
import type { RequestLimits } from './api-schemas.js'
import { clientLeft, HttpProblem, type ToldProblem, told } from './http-problem.js'
import { type Metrics, metricsCure } from './metrics.js'
import { modelAnswer } from './model-answer.js'
import { openApiDocument } from './openapi.js'
import { pagePolicy, pageScript, servePage } from './page/page.js'
import { readClassifyRequest } from './read-request.js'
import type { RequestEntry } from './server-events.js'
import type { LoadedState, ServerState } from './server-state.js'
import { isOwnHost, isOwnOrigin } from './whose-request.js'

/** The input of {@link createApp}. */
export interface AppOptions {
	readonly state: () => ServerState
	readonly limits: RequestLimits
	/** Maximum number of pictures in progress. */
	readonly queue: number
	readonly admission: Admission
	readonly metrics: Metrics
	/** Version of naptune. */
	readonly version: string
	/** Bearer token that requests must send. */
	readonly token?: string
	/** Host names that requests may use; any if omitted. */
	readonly hosts?: readonly string[]
	/** Origins, besides the server's own page, whose scripts may send requests. */
	readonly origins: readonly string[]
	/** Estimated seconds until the queue has room again. */
	readonly retryAfter: () => number
	readonly onRequest: (entry: RequestEntry) => void
}

/** Values that the handlers of one request share. */
export interface AppVariables {
	requestId: string
	/** The slot of a classification. */
	ticket: Ticket
	/** Number of pictures, for the log. */
	images?: number
	problem?: ToldProblem & { readonly cause: unknown }
}

/** A request. */
export type AppContext = Context<{ Variables: AppVariables }>

/** Methods by path; the server answers other methods on these paths with 405. */
const methods = {
	'/': 'GET',
	'/page.js': 'GET',
	'/openapi.json': 'GET',
	'/healthz': 'GET',
	'/readyz': 'GET',
	'/metrics': 'GET',
	'/v1/model': 'GET',
	'/v1/classify': 'POST',
} as const

/** The path as shown in metrics and log, where all unknown paths count as one. */
export function routeOf(path: string): string {
	return Object.hasOwn(methods, path) ? path : 'other'
}

/** Creates the routes. They use only what a request sends, and fetch nothing. */
export function createApp(options: AppOptions) {
	const { state, limits, queue, metrics, version, token } = options
	const app = new Hono<{ Variables: AppVariables }>()
	app.use(
		requestId({ limitLength: 128 }),
		logged(options),
		secureHeaders({ xFrameOptions: 'DENY', strictTransportSecurity: false }),
	)
	app.use(async (c, next) => {
		checkSender(c, options)
		await next()
		// Close each connection with its answer, so that the server can end.
		if (['stopping', 'failed'].includes(state().phase)) c.header('Connection', 'close')
	})
	if (options.origins.length > 0) {
		const exposeHeaders = ['Retry-After', 'X-Request-Id']
		app.use(cors({ origin: [...options.origins], exposeHeaders, allowMethods: ['GET', 'POST'] }))
	}
	if (token !== undefined) {
		const auth = bearerAuth({ token })
		app.use('/v1/*', auth)
		app.use('/metrics', auth)
	}

	app.get('/', (c) => c.html(servePage, 200, { 'Content-Security-Policy': pagePolicy }))
	app.get('/page.js', async (c) => c.body(await pageScript(), 200, { 'Content-Type': 'text/javascript' }))
	const document = openApiDocument({ limits, version, token: token !== undefined })
	app.get('/openapi.json', (c) => c.json(document))
	const stateAnswer = () => ({ state: state().phase, requests: options.admission.requests })
	app.get('/healthz', (c) => c.json(stateAnswer(), state().phase === 'failed' ? 500 : 200))
	app.get('/readyz', (c) => c.json(stateAnswer(), state().phase === 'ready' ? 200 : 503))
	app.get('/metrics', async (c) => {
		const { exposition } = metrics
		if (!exposition) {
			throw new HttpProblem(
				501,
				'NAP_REQUEST_INVALID',
				`This server counts nothing: the package prom-client is not installed beside naptune. Install it and start the server again: ${metricsCure}`,
			)
		}
		return c.body(await exposition.text(), 200, { 'Content-Type': exposition.contentType })
	})
	app.get('/v1/model', (c) => c.json(modelAnswer(loaded(state()).model, { limits, queue, version })))
	app.post('/v1/classify', admitted(options), limited(limits), (c) => classify(c, options))

	for (const [path, method] of Object.entries(methods)) {
		app.all(path, (c) => {
			throw new HttpProblem(405, 'NAP_REQUEST_INVALID', `${path} accepts ${method}, got ${c.req.method}.`, {
				Allow: method === 'GET' ? 'GET, HEAD' : method,
			})
		})
	}
	app.notFound((c) => problemAnswer(c, notFound()))
	app.onError((error, c) => problemAnswer(c, error))
	return app
}

/** Counts and logs every request once it is answered. */
function logged({ metrics, onRequest }: AppOptions) {
	return async (c: AppContext, next: () => Promise<void>) => {
		const start = performance.now()
		await next()
		const problem = c.get('problem')
		const { status } = c.res
		const milliseconds = performance.now() - start
		metrics.request({ route: routeOf(c.req.path), status, seconds: milliseconds / 1000 })
		onRequest({
			event: 'request',
			id: c.get('requestId'),
			method: c.req.method,
			path: c.req.path,
			status,
			milliseconds: Math.round(milliseconds * 100) / 100,
			...defined({
				images: c.get('images'),
				code: problem?.code,
				error: status === 500 && problem ? textOf(problem.cause) : undefined,
			}),
		})
	}
}

function textOf(error: unknown): string {
	return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function notFound(): HttpProblem {
	return new HttpProblem(
		404,
		'NAP_REQUEST_INVALID',
		`Nothing exists at this path. Available: ${Object.keys(methods).join(', ')}.`,
	)
}

function problemAnswer(c: AppContext, cause: unknown): Response {
	const problem = cause instanceof HTTPException ? ofLibrary(cause) : told(cause)
	c.set('problem', { ...problem, cause })
	const { status, code, message, headers } = problem
	return c.json({ error: { code, message, requestId: c.get('requestId') } }, status as ContentfulStatusCode, headers)
}

/** Converts refusals of the library's own middleware. */
function ofLibrary(error: HTTPException): ToldProblem {
	const { headers } = error.getResponse()
	const authenticate = headers.get('WWW-Authenticate')
	return {
		status: error.status,
		code: 'NAP_REQUEST_REFUSED',
		message: 'This server requires a token. Send it as Authorization: Bearer TOKEN.',
		headers: authenticate === null ? {} : { 'WWW-Authenticate': authenticate },
	}
}

/** @throws HttpProblem for requests that another site caused a browser to send. */
function checkSender(c: AppContext, { hosts, origins }: AppOptions): void {
	const host = c.req.header('Host')
	if (hosts && !isOwnHost(host, hosts)) {
		throw new HttpProblem(
			403,
			'NAP_REQUEST_REFUSED',
			`The request is for the host ${JSON.stringify(host ?? '')}, but this server answers only to ${hosts.join(', ')}. To accept another name, start it with --allow-host.`,
		)
	}
	const origin = c.req.header('Origin')
	if (origin === undefined || isOwnOrigin(origin, host) || origins.includes(origin)) return
	throw new HttpProblem(
		403,
		'NAP_REQUEST_REFUSED',
		`Scripts of ${JSON.stringify(origin)} may not use this server. To allow them, start it with --allow-origin.`,
	)
}

/** @throws HttpProblem while the model loads, or after the engine failed. */
function loaded(state: ServerState): LoadedState {
	if ('model' in state) return state
	const what = state.phase === 'loading' ? 'The model is still loading' : 'The engine has failed'
	throw new HttpProblem(503, 'NAP_SERVER_BUSY', `${what}; try again in a moment.`, { 'Retry-After': '2' })
}

/** Reserves a slot before it reads the body, so that bodies are bounded, too. */
function admitted({ state, admission, limits, retryAfter }: AppOptions) {
	return async (c: AppContext, next: () => Promise<void>) => {
		loaded(state())
		const length = Number(c.req.header('Content-Length') ?? limits.bodyBytes)
		if (length > limits.bodyBytes) throw tooLarge(limits)
		const ticket = admission.enter(length)
		if (!ticket) throw busy(retryAfter())
		c.set('ticket', ticket)
		try {
			await next()
		} finally {
			ticket.leave()
		}
	}
}

/** Bounds bodies of undeclared length. */
function limited(limits: RequestLimits) {
	return bodyLimit({
		maxSize: limits.bodyBytes,
		onError() {
			throw tooLarge(limits)
		},
	})
}

async function classify(c: AppContext, options: AppOptions): Promise<Response> {
	const { signal } = c.req.raw
	try {
		return await answered(c, options, signal)
	} catch (error) {
		// The abort reason need not be an error. Nobody reads the answer, and the server is not at fault.
		throw signal.aborted ? new HttpProblem(clientLeft, 'NAP_STOPPED', 'The client disconnected.') : error
	}
}

async function answered(
	c: AppContext,
	{ state, limits, metrics, retryAfter }: AppOptions,
	signal: AbortSignal,
): Promise<Response> {
	const { service } = loaded(state())
	const body = {
		type: c.req.header('Content-Type'),
		bytes: new Uint8Array(await c.req.arrayBuffer()),
		query: new URL(c.req.url).searchParams,
	}
	const request = await readClassifyRequest(body, limits)
	c.set('images', request.pictures.length)
	if (!c.get('ticket').take(request.pictures.length)) throw busy(retryAfter())
	const answer = await service.classify(request, signal)
	const flagged = answer.images.filter(({ correction }) => correction?.flagged).length
	if (flagged > 0) metrics.flagged(flagged)
	return c.json(answer)
}

function busy(seconds: number): HttpProblem {
	return new HttpProblem(429, 'NAP_SERVER_BUSY', `The server's queue of pictures is full; try again in ${seconds} s.`, {
		'Retry-After': String(seconds),
	})
}

function tooLarge({ bodyBytes }: RequestLimits): HttpProblem {
	return new HttpProblem(
		413,
		'NAP_REQUEST_TOO_LARGE',
		`The body exceeds the limit of ${bodyBytes} bytes. Send smaller pictures, or fewer at a time.`,
		{ Connection: 'close' },
	)
}

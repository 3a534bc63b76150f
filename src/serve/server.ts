/** The server: listens, loads its model, answers, and stops without dropping accepted requests. */

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { packageVersion } from '../files/package-version.js'
import { createAdmission } from './admission.js'
import type { RequestLimits } from './api-schemas.js'
import { createApp } from './app.js'
import { createClassifyService } from './classify-service.js'
import { imageRate } from './image-rate.js'
import { createMetrics } from './metrics.js'
import { createPicturePool, type PicturePool } from './picture-pool.js'
import type { ServedModel } from './served-model.js'
import type { ServerEvent } from './server-events.js'
import type { ServerState } from './server-state.js'
import { hostName, isLoopback, loopbackHosts } from './whose-request.js'

/** Options of a server. Times are in seconds unless stated otherwise. */
export interface ServerOptions {
	/** Address to listen on, such as `127.0.0.1`. */
	readonly host: string
	/** Port; 0 picks a free one. */
	readonly port: number
	/** Further host names that requests may use. */
	readonly allowHost: readonly string[]
	/** Origins whose scripts may use the server, such as `https://example.org`. */
	readonly allowOrigin: readonly string[]
	/** Bearer token that requests must send. */
	readonly token?: string
	readonly limits: RequestLimits
	/** Maximum number of pictures in progress. */
	readonly queue: number
	readonly batchSize: number
	/** Maximum milliseconds that a picture waits for others. */
	readonly batchWindow: number
	/** Number of decoding threads. */
	readonly decodeThreads?: number
	/** Time within which a whole request must arrive. */
	readonly requestTimeout: number
	/** Time that a stopping server waits for unanswered requests before it drops them. */
	readonly grace: number
	/** Loads the model while the server already answers that it is not ready. */
	readonly load: () => Promise<ServedModel>
	readonly onEvent: (event: ServerEvent) => void
}

/** Summary of a server's work. */
export interface ServerSummary {
	readonly url: string
	readonly requests: number
	readonly images: number
	/** Requests still unanswered after the grace period. */
	readonly cut: number
}

/** Seconds that a server with a failed engine has to tell waiting clients. */
const secondsToTell = 2
/** Maximum body bytes in progress, unless a single body is larger. */
const bodiesUnderWay = 2 ** 28
const mostConnections = 1024
/** Seconds between checks for slow requests. */
const lookInterval = 1
/** Seconds to keep an idle connection. */
const keepAlive = 5
/** Seconds within which the head of a request must arrive. */
const headTimeout = 10

/**
 * Runs a server until the signal aborts.
 * @throws NaptuneError when it cannot listen, its model cannot be loaded, or its engine fails; and whatever loading throws.
 */
export async function runServer(options: ServerOptions, signal: AbortSignal): Promise<ServerSummary> {
	const { limits, queue, batchSize, batchWindow, onEvent } = options
	let state: ServerState = { phase: 'loading' }
	const counted = { requests: 0, images: 0 }
	const rate = imageRate()
	const admission = createAdmission({ images: queue, bytes: Math.max(bodiesUnderWay, limits.bodyBytes) })
	const metrics = await createMetrics({
		images: () => admission.images,
		requests: () => admission.requests,
		ready: () => (state.phase === 'ready' ? 1 : 0),
	})
	const app = createApp({
		...options,
		state: () => state,
		admission,
		metrics,
		version: packageVersion(),
		origins: options.allowOrigin,
		...defined({ hosts: hostsOf(options) }),
		retryAfter: () => rate.secondsFor(admission.images),
		onRequest(entry) {
			counted.requests++
			onEvent(entry)
		},
	})
	const server = createAdaptorServer({
		fetch: app.fetch,
		// The project uses the platform's types of requests and answers.
		overrideGlobalObjects: false,
		serverOptions: {
			requestTimeout: options.requestTimeout * 1000,
			headersTimeout: Math.min(headTimeout, options.requestTimeout) * 1000,
			keepAliveTimeout: keepAlive * 1000,
			connectionsCheckingInterval: lookInterval * 1000,
		},
	}) as Server
	server.maxConnections = mostConnections
	const url = await listen(server, options)
	onEvent({ event: 'listening', url })

	let pictures: PicturePool | undefined
	let model: ServedModel | undefined
	try {
		model = await options.load()
		pictures = createPicturePool({
			preparation: model.preparation,
			mostPixels: limits.pixels,
			...defined({ threads: options.decodeThreads }),
		})
		let fail: (error: unknown) => void = () => {}
		const failure = new Promise<never>((_, reject) => {
			fail = reject
		})
		const service = createClassifyService({
			model,
			pictures,
			batchSize,
			batchWindow,
			onBatch(batch) {
				counted.images += batch.images
				rate.count(batch.images)
				metrics.batch(batch)
			},
			onFailure(error) {
				state = { phase: 'failed' }
				onEvent({ event: 'failed', error: error instanceof Error ? error.message : String(error) })
				fail(error)
			},
		})
		await Promise.all([warmUp(model, batchSize), pictures.warmUp()])
		state = { phase: 'ready', model, service }
		onEvent({ event: 'ready', url, method: model.about.method, classes: model.classNames.length })
		await Promise.race([aborted(signal), failure]).catch(async (error: unknown) => {
			// Tell waiting clients.
			await drain(server, Math.min(options.grace, secondsToTell), () => admission.requests)
			throw error
		})
		state = { phase: 'stopping', model, service }
		onEvent({ event: 'stopping', requests: admission.requests })
		const cut = await drain(server, options.grace, () => admission.requests)
		onEvent({ event: 'stopped', requests: cut })
		return { url, ...counted, cut }
	} finally {
		server.close()
		server.closeAllConnections()
		await pictures?.close()
		await model?.release()
	}
}

/** Compiles in advance, so that the first request need not wait. */
async function warmUp({ inputShape, evaluate }: ServedModel, batchSize: number): Promise<void> {
	const size = inputShape.reduce((product, n) => product * n, 1)
	const shape = [batchSize, ...inputShape]
	await evaluate({ type: 'float32', shape, data: new Float32Array(batchSize * size).fill(0.5) })
}

/** A loopback server answers only to the machine's own names, because an attacker's page may point another name here. */
function hostsOf({ host, allowHost }: ServerOptions): readonly string[] | undefined {
	if (!isLoopback(host) && allowHost.length === 0) return undefined
	return [...new Set([...(isLoopback(host) ? loopbackHosts : []), hostName(host), ...allowHost.map(hostName)])]
}

function aborted(signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) resolve()
		else signal.addEventListener('abort', () => resolve(), { once: true })
	})
}

function listen(server: Server, { host, port }: ServerOptions): Promise<string> {
	return new Promise((resolve, reject) => {
		server.once('error', (cause: NodeJS.ErrnoException) => {
			const reasons: Readonly<Record<string, string>> = {
				EADDRINUSE: 'another program already listens there',
				EACCES: 'this user may not listen there',
				EADDRNOTAVAIL: 'this machine has no such address',
				ENOTFOUND: 'it is not a valid address',
			}
			const reason = reasons[cause.code ?? ''] ?? cause.message
			const message = `The server cannot listen on ${hostName(host)}:${port}: ${reason}. Choose another --port or --host.`
			reject(new NaptuneError('NAP_ADDRESS_UNAVAILABLE', message, { cause }))
		})
		server.listen(port, host, () => {
			const { port: own } = server.address() as AddressInfo
			resolve(`http://${hostName(host)}:${own}`)
		})
	})
}

/**
 * Accepts no more connections, and waits for the answers to accepted requests.
 * @returns Number of dropped requests.
 */
function drain(server: Server, seconds: number, requests: () => number): Promise<number> {
	return new Promise((resolve) => {
		const timer = setTimeout(() => {
			const cut = requests()
			server.closeAllConnections()
			resolve(cut)
		}, seconds * 1000)
		server.close(() => {
			clearTimeout(timer)
			resolve(0)
		})
		server.closeIdleConnections()
	})
}

/** The server: listens, loads its model, answers, and stops without dropping what it took in. */

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

/** How a server runs. Times are in seconds unless said otherwise. */
export interface ServerOptions {
	/** Address to listen at, such as `127.0.0.1`. */
	readonly host: string
	/** 0 for any that is free. */
	readonly port: number
	/** Names by which requests may call the server beside its own. */
	readonly allowHost: readonly string[]
	/** Sites whose scripts may use the server, such as `https://example.org`. */
	readonly allowOrigin: readonly string[]
	/** Bearer token that requests must bring. */
	readonly token?: string
	readonly limits: RequestLimits
	/** Pictures that may be under way. */
	readonly queue: number
	readonly batchSize: number
	/** Milliseconds that a picture waits for others at most. */
	readonly batchWindow: number
	/** Threads that decode. */
	readonly decodeThreads?: number
	/** A request must have come whole after so long. */
	readonly requestTimeout: number
	/** After so long, what is not answered is cut off when the server stops. */
	readonly grace: number
	/** Loads the model; what it needs while the server answers that it is not ready yet. */
	readonly load: () => Promise<ServedModel>
	readonly onEvent: (event: ServerEvent) => void
}

/** What a server did. */
export interface ServerSummary {
	readonly url: string
	readonly requests: number
	readonly images: number
	/** Requests that were not answered when the time to stop had passed. */
	readonly cut: number
}

/** Seconds in which a server whose engine has failed says so to those who wait. */
const secondsToTell = 2
/** Bytes of bodies under way at most, where one body is not larger alone. */
const bodiesUnderWay = 2 ** 28
const mostConnections = 1024
/** Seconds between looks for requests that are too slow. */
const lookInterval = 1
/** Seconds that a connection without a request is kept. */
const keepAlive = 5
/** Seconds in which the head of a request must have come. */
const headTimeout = 10

/**
 * Runs a server until the signal.
 * @throws NaptuneError when it cannot listen or its model cannot be loaded, what loading throws, and what the engine failed by.
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
		// The project's own types of requests and answers are the platform's.
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
		const { view } = model
		pictures = createPicturePool({
			view,
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
			// Those who wait are told.
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

/** Compiles what the first request would wait for. */
async function warmUp({ inputShape, evaluate }: ServedModel, batchSize: number): Promise<void> {
	const size = inputShape.reduce((product, n) => product * n, 1)
	const shape = [batchSize, ...inputShape]
	await evaluate({ type: 'float32', shape, data: new Float32Array(batchSize * size).fill(0.5) })
}

/** A server of this machine answers to the machine's own names: others may point here in an attacker's page. */
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
				EADDRINUSE: 'another program listens there',
				EACCES: 'this user may not listen there',
				EADDRNOTAVAIL: 'this machine has no such address',
				ENOTFOUND: 'this is no address',
			}
			const reason = reasons[cause.code ?? ''] ?? cause.message
			const message = `The server cannot listen at ${hostName(host)}:${port}: ${reason}. Choose another --port or --host.`
			reject(new NaptuneError('NAP_ADDRESS_UNAVAILABLE', message, { cause }))
		})
		server.listen(port, host, () => {
			const { port: own } = server.address() as AddressInfo
			resolve(`http://${hostName(host)}:${own}`)
		})
	})
}

/**
 * Takes no more connections, and waits for the answers to what was taken in.
 * @returns Requests that had to be cut off.
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

/** Starts an engine in a browser: onnxruntime-web, in the calling thread. */

import { NaptuneError } from '../../core/errors.js'
import type { ModelEngine, SerializedModel } from '../engine.js'
import { engineOver, type PlacedModel } from '../engine-over.js'
import { createHost } from '../host.js'
import { HostError } from '../link.js'
import { wasmBackend } from '../wasm-session.js'
import { directLink } from './direct-link.js'

/** Options of an engine in a browser. */
export interface WebEngineOptions {
	/**
	 * Threads of one operator, at least 1. More than one need a page that is isolated from other origins (its server sends
	 * `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`). Default: all cores in such
	 * a page if `wasmPaths` is given, otherwise 1. The first engine of a page or worker decides for all.
	 */
	readonly threads?: number
	/**
	 * Location on the server of `ort-wasm-simd-threaded.mjs` and `ort-wasm-simd-threaded.wasm` of the installed
	 * onnxruntime-web: the address of their folder, with a slash at its end, or their own addresses. A bundled page with more
	 * than one thread needs it, because each thread starts from the `.mjs` file. By default onnxruntime-web looks beside its
	 * own script.
	 */
	readonly wasmPaths?: string | { readonly mjs?: string | URL; readonly wasm?: string | URL }
	/**
	 * Rows of every run of a classifier; smaller batches are padded, larger ones split. An image's results have the same bytes
	 * in any batch. Default 1, so that a single image costs no more; larger values are faster per image.
	 */
	readonly fixedBatch?: number
}

/** Settings of the one runtime of this page or worker. */
let running: { readonly threads: number; readonly wasmPaths: string } | undefined

/**
 * Starts an engine on onnxruntime-web's WebAssembly provider, in the calling thread, which every run blocks; a page that
 * should stay responsive starts it in a web worker. Weights come with the graphs, so references into files must carry their
 * `content`.
 * @throws NaptuneError for a bad number of threads or rows, for threads in a page that is not isolated, when an earlier
 * engine of the page was started with other threads or paths, or when the library cannot be loaded.
 */
export async function createWebEngine({
	wasmPaths,
	// Without their own file, threads would start from the page's script and each run it again.
	threads = wasmPaths === undefined ? 1 : defaultThreads(),
	fixedBatch = 1,
}: WebEngineOptions = {}): Promise<ModelEngine> {
	requireCount('The number of threads', threads, 1024)
	requireCount('The fixed batch of an engine', fixedBatch, 2 ** 16)
	if (threads > 1 && !isolated()) {
		throw new NaptuneError(
			'NAP_DEVICE_UNAVAILABLE',
			`${threads} threads need a page that is isolated from other origins, which this one is not. Send the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or use 1 thread.`,
		)
	}
	requireSame({ threads, wasmPaths: pathsText(wasmPaths) })
	const load = async () => {
		const library = await import('onnxruntime-web/wasm')
		if (wasmPaths !== undefined) library.env.wasm.wasmPaths = wasmPaths
		const contents = async ({ externalContents }: { readonly externalContents: ReadonlyMap<string, Uint8Array> }) =>
			[...externalContents].map(([path, data]) => ({ path, data }))
		return { backend: wasmBackend(library, threads, contents) }
	}
	const link = directLink(createHost(load))
	try {
		const { version, device } = await link.ask({ kind: 'start', device: 'wasm', threads })
		return engineOver({
			link,
			about: { device, threads, version, fixedBatch },
			spinning: false,
			resolveFile: refuseFile,
			place: placed,
			residentBytes: () => 0,
		})
	} catch (error) {
		if (!(error instanceof HostError)) throw error
		throw new NaptuneError('NAP_DEVICE_UNAVAILABLE', `onnxruntime-web could not be loaded: ${error.message}.`, {
			cause: error,
		})
	}
}

function placed(model: SerializedModel): PlacedModel {
	for (const file of model.externalFiles) refuseFile(file)
	// The host does not retain the bytes, so only shared ones need a copy, since the library rejects shared memory.
	const { bytes } = model
	return {
		bytes: bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes),
		externalFiles: [],
		externalContents: model.externalContents ?? new Map(),
	}
}

function refuseFile(file: string): never {
	throw new NaptuneError(
		'NAP_FILE_MISSING',
		`The graph refers to weights in the file ${file}, but a browser has no files. Pass its content with the reference (content: a Uint8Array of the whole file).`,
	)
}

function isolated(): boolean {
	// Node.js has neither the property nor the restriction.
	return globalThis.crossOriginIsolated ?? true
}

function defaultThreads(): number {
	return isolated() ? (globalThis.navigator?.hardwareConcurrency ?? 1) : 1
}

function requireCount(what: string, value: number, most: number): void {
	if (Number.isInteger(value) && value >= 1 && value <= most) return
	throw new NaptuneError('NAP_ARGUMENT_INVALID', `${what} must be a whole number from 1 to ${most}, got ${value}.`)
}

function requireSame(wanted: NonNullable<typeof running>): void {
	running ??= wanted
	if (running.threads === wanted.threads && running.wasmPaths === wanted.wasmPaths) return
	throw new NaptuneError(
		'NAP_OPTION_CONFLICT',
		`onnxruntime-web has one runtime per page, which runs with ${running.threads} threads and ${running.wasmPaths || 'its default'} as wasmPaths; ${wanted.threads} threads and ${wanted.wasmPaths || 'the default'} were requested. Use the same for all engines of a page, or another web worker.`,
	)
}

function pathsText(paths: WebEngineOptions['wasmPaths']): string {
	if (paths === undefined || typeof paths === 'string') return paths ?? ''
	return [paths.mjs, paths.wasm].map((path) => String(path ?? '')).join(' ')
}

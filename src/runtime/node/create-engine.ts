/** Starts an engine in a worker thread of Node.js: the native one, or onnxruntime-web if that is unavailable. */

import { availableParallelism } from 'node:os'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { didYouMean } from '../../core/nearest.js'
import { float32 } from '../../core/tensor.js'
import * as ops from '../../onnx/ops.js'
import { type Device, devices, type ModelEngine, type SerializedModel } from '../engine.js'
import { engineOver, type PlacedModel } from '../engine-over.js'
import { HostError } from '../link.js'
import { realFile, resolveExternalFiles } from './external-files.js'
import { tellFallback } from './fallback-notice.js'
import { refuseTelemetry } from './telemetry.js'
import { startWorker } from './worker-link.js'

/** Options of an engine. */
export interface EngineOptions {
	/** Default `cpu`, which becomes `wasm`, with one line on stderr, if the native library does not load. */
	readonly device?: Device
	/** Threads of one operator, at least 1; default: all cores. */
	readonly threads?: number
	/**
	 * Whether threads of the native library spin while they wait for one another. This is faster if the engine has the cores
	 * to itself (by a quarter for small models), and much slower if other jobs need them. Default true, or false if the
	 * environment sets NAPTUNE_SPINNING=0.
	 */
	readonly spinning?: boolean
}

/**
 * Starts an engine in its own worker thread. Close it when done; a forgotten engine occupies memory, but does not keep the
 * process alive once nothing is pending.
 * @throws NaptuneError for an unknown device, a bad thread count, or a device this machine does not have.
 */
export async function createEngine({
	device = 'cpu',
	threads = availableParallelism(),
	spinning = process.env.NAPTUNE_SPINNING !== '0',
}: EngineOptions = {}): Promise<ModelEngine> {
	if (!devices.includes(device)) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`Unknown device ${device}; choose one of ${devices.join(', ')}.${didYouMean(device, devices)}`,
		)
	}
	if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The number of threads must be a whole number from 1 to 1024, got ${threads}.`,
		)
	}
	refuseTelemetry()
	const link = startWorker(new URL('./worker.js', import.meta.url))
	try {
		const { version, device: actual, fallbackReason } = await link.ask({ kind: 'start', device, threads })
		if (fallbackReason !== undefined) tellFallback(fallbackReason)
		const engine = engineOver({
			link,
			about: { device: actual, threads, version },
			spinning,
			resolveFile: realFile,
			place: placed,
			residentBytes: () => process.memoryUsage().rss,
		})
		if (actual !== 'cpu' && actual !== 'wasm') await probe(engine)
		return engine
	} catch (error) {
		await link.close()
		throw error instanceof HostError
			? new NaptuneError('NAP_DEVICE_UNAVAILABLE', error.message, { cause: error })
			: error
	}
}

/** Tests a provider with a first session, since its libraries or hardware may be missing even if the build includes it. */
async function probe(engine: ModelEngine): Promise<void> {
	try {
		const program = await engine.compile({ y: ops.add(ops.input('x', 'float32', [2]), 1) }, { name: 'probe' })
		await program.run({ x: float32([2], [0, 1]) })
		await program.release()
	} catch (error) {
		throw new NaptuneError(
			'NAP_DEVICE_UNAVAILABLE',
			`Device ${engine.device} is supported by ${engine.version} but cannot be used on this machine: ${error instanceof Error ? error.message : error}. Install its libraries and drivers, or use device cpu.`,
			{ cause: error },
		)
	}
}

/**
 * The model with its weights in one directory or inline.
 * @throws NaptuneError when weights cannot be read, or must go into the graph but do not fit.
 */
async function placed(model: SerializedModel): Promise<PlacedModel> {
	const { directory, names, elsewhere } = resolveExternalFiles(model.externalFiles)
	const external = {
		...defined({ externalDirectory: directory }),
		externalFiles: names,
		externalContents: new Map<string, Uint8Array>(),
	}
	const contents = model.externalContents ?? new Map()
	if (elsewhere.length + contents.size === 0) return { ...external, bytes: model.bytes.slice() }
	// Only such models need the protobuf library.
	const { inlineExternal } = await import('./inline-external.js')
	return { ...external, bytes: inlineExternal(model.bytes, elsewhere, contents) }
}

/** Starting an execution engine. */

import { availableParallelism } from 'node:os'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { float32, ops, serializeModel } from '../onnx/index.js'
import { type CompileOptions, type Device, devices, type Engine, type Program } from './engine.js'
import { engineError } from './engine-error.js'
import { realFile, resolveExternalFiles } from './external-files.js'
import { tellFallback } from './fallback-notice.js'
import { checkFeeds } from './feeds.js'
import { inlineExternal } from './inline-external.js'
import { createProgram, type SerializedModel } from './program.js'
import { residentTensors } from './resident-tensors.js'
import { refuseTelemetry } from './telemetry.js'
import { movable } from './transfer.js'
import { startWorker, WorkerError, type WorkerLink } from './worker-link.js'

/** Options of an engine. */
export interface EngineOptions {
	/** Default `cpu`, which becomes `wasm`, with one line on stderr, where the native library cannot be loaded. */
	readonly device?: Device
	/** Threads of one operator, at least 1; default: all cores. */
	readonly threads?: number
	/**
	 * Whether threads of the native library spin while they wait for one another. That is faster where the engine has the
	 * cores to itself (a quarter for small models) and much slower where other jobs want them. Default true, or false where
	 * the environment says NAPTUNE_SPINNING=0.
	 */
	readonly spinning?: boolean
}

/** An engine that can also run graphs that are already bytes. */
export interface ModelEngine extends Engine {
	/** Compiles a serialised graph. */
	compileModel(model: SerializedModel, options?: CompileOptions): Promise<Program>
}

/**
 * Starts an engine in a worker thread of its own. Close it when done; a forgotten engine keeps memory, but does not
 * keep the process alive once nothing is pending.
 * @throws NaptuneError for an unknown device, a bad thread count, or a device this machine does not have.
 */
export async function createEngine({
	device = 'cpu',
	threads = availableParallelism(),
	spinning = process.env.NAPTUNE_SPINNING !== '0',
}: EngineOptions = {}): Promise<ModelEngine> {
	if (!devices.includes(device)) {
		throw new NaptuneError(
			`Unknown device ${device}; choose one of ${devices.join(', ')}.${didYouMean(device, devices)}`,
		)
	}
	if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
		throw new NaptuneError(`The number of threads must be a whole number from 1 to 1024, got ${threads}.`)
	}
	refuseTelemetry()
	const link = startWorker(new URL('./worker.js', import.meta.url))
	try {
		const { version, device: actual, fallbackReason } = await link.ask({ kind: 'start', device, threads })
		if (fallbackReason !== undefined) tellFallback(fallbackReason)
		const engine = engineOver(link, { device: actual, threads, version }, spinning)
		if (actual !== 'cpu' && actual !== 'wasm') await probe(engine)
		return engine
	} catch (error) {
		await link.close()
		throw error instanceof WorkerError ? new NaptuneError(error.message, { cause: error }) : error
	}
}

/** A provider that a build knows may still lack its libraries or its hardware: that shows when the first session is made. */
async function probe(engine: ModelEngine): Promise<void> {
	try {
		const program = await engine.compile({ y: ops.add(ops.input('x', 'float32', [2]), 1) }, { name: 'probe' })
		await program.run({ x: float32([2], [0, 1]) })
		await program.release()
	} catch (error) {
		throw new NaptuneError(
			`Device ${engine.device} is known to ${engine.version} but cannot be used on this machine: ${error instanceof Error ? error.message : error}. Install its libraries and drivers, or use device cpu.`,
			{ cause: error },
		)
	}
}

/** The calling side over a worker that has loaded its library. */
function engineOver(
	link: WorkerLink,
	about: Pick<Engine, 'device' | 'threads' | 'version'>,
	spinning: boolean,
): ModelEngine {
	const residents = residentTensors(link)
	const programs = new Map<number, { readonly name: string; readonly modelBytes: number }>()
	let nextProgram = 0
	let closed: Promise<void> | undefined

	const compileModel = async (model: SerializedModel, options: CompileOptions = {}): Promise<Program> => {
		const id = nextProgram++
		const name = options.name ?? `#${id}`
		const { directory, names, elsewhere } = resolveExternalFiles(model.externalFiles)
		const bytes = elsewhere.length === 0 ? model.bytes.slice() : inlineExternal(model.bytes, elsewhere)
		const modelBytes = bytes.byteLength
		const settings = {
			prepack: options.prepack ?? true,
			spinning,
			doublePrecision: model.inputs.some(({ type }) => type === 'float64'),
			...defined({ externalDirectory: directory }),
			externalFiles: names,
		}
		try {
			await link.ask({ kind: 'compile', program: id, model: bytes, settings }, [bytes.buffer as ArrayBuffer])
		} catch (error) {
			if (error instanceof WorkerError) throw engineError('compile', name, error, model.nodeOrigins)
			throw error
		}
		programs.set(id, { name, modelBytes })
		return createProgram(link, residents, { id, name, onRelease: () => programs.delete(id) }, { ...model, modelBytes })
	}

	return {
		...about,
		compileModel,
		compile: async (outputs, options) => compileModel(serializeModel(outputs, { resolveFile: realFile }), options),
		async upload(value, { transfer = false } = {}) {
			checkFeeds('upload', [{ name: 'tensor', type: value.type, shape: value.shape }], { tensor: value })
			const handle = residents.newHandle()
			const { tensor, buffer } = movable(value, transfer)
			await link.ask({ kind: 'upload', handle, tensor }, [buffer])
			return residents.adopt(handle, tensor)
		},
		async memory() {
			return { residentBytes: process.memoryUsage().rss, programs: [...programs.values()] }
		},
		close() {
			closed ??= link.close()
			return closed
		},
	}
}

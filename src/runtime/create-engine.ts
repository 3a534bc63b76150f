/** Starting an execution engine. */

import { availableParallelism } from 'node:os'
import { NaptuneError } from '../errors.js'
import { serializeModel } from '../onnx/serialize.js'
import { type CompileOptions, type Device, devices, type Engine, type Program } from './engine.js'
import { engineError } from './engine-error.js'
import { realFile, resolveExternalFiles } from './external-files.js'
import { checkFeeds } from './feeds.js'
import { createProgram, type SerializedModel } from './program.js'
import { residentTensors } from './resident-tensors.js'
import { movable } from './transfer.js'
import { startWorker, WorkerError } from './worker-link.js'

/** Options of an engine. */
export interface EngineOptions {
	/** Default `cpu`. */
	readonly device?: Device
	/** Threads of one operator, at least 1; default: all cores. */
	readonly threads?: number
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
}: EngineOptions = {}): Promise<ModelEngine> {
	if (!devices.includes(device)) {
		throw new NaptuneError(`Unknown device ${device}; choose one of ${devices.join(', ')}.`)
	}
	if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
		throw new NaptuneError(`The number of threads must be a whole number from 1 to 1024, got ${threads}.`)
	}
	const link = startWorker(new URL('./worker.js', import.meta.url))
	const started = await link.ask({ kind: 'start', device, threads }).catch(async (error: Error) => {
		await link.close()
		throw error instanceof WorkerError ? new NaptuneError(error.message, { cause: error }) : error
	})
	const residents = residentTensors(link)
	const programs = new Map<number, { readonly name: string; readonly modelBytes: number }>()
	let nextProgram = 0
	let closed: Promise<void> | undefined

	const compileModel = async (model: SerializedModel, options: CompileOptions = {}): Promise<Program> => {
		const id = nextProgram++
		const name = options.name ?? `#${id}`
		const modelBytes = model.bytes.byteLength
		const { directory, names, elsewhere } = resolveExternalFiles(model.externalFiles)
		const { tensor, buffer } = movable({ type: 'bool', shape: [modelBytes], data: model.bytes }, false)
		const settings = {
			prepack: options.prepack ?? directory === undefined,
			...(directory !== undefined && { externalDirectory: directory }),
			externalFiles: names,
			externalElsewhere: elsewhere,
		}
		try {
			await link.ask({ kind: 'compile', program: id, model: tensor.data as Uint8Array, settings }, [buffer])
		} catch (error) {
			if (error instanceof WorkerError) throw engineError('compile', name, error, model.nodeOrigins)
			throw error
		}
		programs.set(id, { name, modelBytes })
		return createProgram(link, residents, { id, name, onRelease: () => programs.delete(id) }, { ...model, modelBytes })
	}

	return {
		device: started.device,
		threads,
		version: started.version,
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

/** The calling side of an engine, over any host of its sessions. */

import type { CompileOptions, Engine, ModelEngine, Program, SerializedModel } from './engine.js'
import { engineError } from './engine-error.js'
import { checkFeeds } from './feeds.js'
import { HostError, type HostLink } from './link.js'
import { createProgram } from './program.js'
import type { SessionSettings } from './protocol.js'
import { residentTensors } from './resident-tensors.js'
import { movable } from './transfer.js'

/** A model for the host: its bytes, which the host then owns, and the location of its other weights. */
export interface PlacedModel extends Pick<SessionSettings, 'externalDirectory' | 'externalFiles' | 'externalContents'> {
	readonly bytes: Uint8Array<ArrayBuffer>
}

/** The parts that differ between platforms. */
export interface EnginePlace {
	readonly link: HostLink
	readonly about: Pick<Engine, 'device' | 'threads' | 'version' | 'fixedBatch'>
	/** Whether waiting threads spin. */
	readonly spinning: boolean
	/** The real path of a file of weights. @throws NaptuneError when it cannot be read. */
	resolveFile(file: string): string
	/** @throws NaptuneError when weights are unavailable. */
	place(model: SerializedModel): PlacedModel | Promise<PlacedModel>
	/** Resident memory of the process in bytes. */
	residentBytes(): number
}

/** An engine whose host has loaded its library. */
export function engineOver({ link, about, spinning, resolveFile, place, residentBytes }: EnginePlace): ModelEngine {
	const residents = residentTensors(link)
	const programs = new Map<number, { readonly name: string; readonly modelBytes: number }>()
	let nextProgram = 0
	let closed: Promise<void> | undefined

	const compileModel = async (model: SerializedModel, options: CompileOptions = {}): Promise<Program> => {
		const id = nextProgram++
		const name = options.name ?? `#${id}`
		const { bytes, ...external } = await place(model)
		const modelBytes = bytes.byteLength
		const settings = {
			prepack: options.prepack ?? true,
			spinning,
			doublePrecision: model.inputs.some(({ type }) => type === 'float64'),
			...external,
		}
		try {
			await link.ask({ kind: 'compile', program: id, model: bytes, settings }, [bytes.buffer])
		} catch (error) {
			if (error instanceof HostError) throw engineError('compile', name, error, model.nodeOrigins)
			throw error
		}
		programs.set(id, { name, modelBytes })
		return createProgram(link, residents, { id, name, onRelease: () => programs.delete(id) }, { ...model, modelBytes })
	}

	return {
		...about,
		compileModel,
		async compile(outputs, options) {
			// The protobuf library loads with the first graph, not with the program.
			const { serializeModel } = await import('../onnx/serialize.js')
			return compileModel(serializeModel(outputs, { resolveFile }), options)
		},
		async upload(value, { transfer = false } = {}) {
			checkFeeds('upload', [{ name: 'tensor', type: value.type, shape: value.shape }], { tensor: value })
			const handle = residents.newHandle()
			const { tensor, buffer } = movable(value, transfer)
			await link.ask({ kind: 'upload', handle, tensor }, [buffer])
			return residents.adopt(handle, tensor)
		},
		async memory() {
			return { residentBytes: residentBytes(), programs: [...programs.values()] }
		},
		close() {
			closed ??= link.close()
			return closed
		},
	}
}

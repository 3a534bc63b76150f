/** The host: owns an execution library, all its sessions and all resident tensors. */

import type { InferenceSession } from 'onnxruntime-common'
import type { ElementType, Tensor, TensorData } from '../core/tensor.js'
import { type Backend, type BackendTensor, quiet } from './backend.js'
import type { Device } from './engine.js'
import type { Answers, KeptTensor, Request } from './protocol.js'

/** Loads the library for a device, and explains any substitution. */
export type LoadBackend = (
	device: Device,
	threads: number,
) => Promise<{ readonly backend: Backend; readonly fallbackReason?: string }>

/** Answers requests, which must come strictly one after the other, because engines run one session at a time. */
export type Host = (request: Request) => Promise<Answers[Request['kind']]>

/** Creates a host without a library; its first request must be `start`. */
export function createHost(load: LoadBackend): Host {
	let backend: Backend | undefined
	const sessions = new Map<number, InferenceSession>()
	const residents = new Map<number, BackendTensor>()

	const started = (): Backend => {
		if (!backend) throw new Error('The engine has not loaded its execution library yet.')
		return backend
	}
	const wrap = ({ type, data, shape }: Tensor): BackendTensor =>
		new (started().Tensor)(type as 'float32', data as Float32Array, shape)

	const run = async (request: Extract<Request, { kind: 'run' }>): Promise<Answers['run']> => {
		const session = sessions.get(request.program)
		if (!session) throw new Error(`The engine has no program ${request.program}.`)
		const feeds: Record<string, BackendTensor> = {}
		for (const [name, feed] of Object.entries(request.feeds)) {
			const value = 'tensor' in feed ? wrap(feed.tensor) : residents.get(feed.resident)
			if (!value) throw new Error(`The engine has no resident tensor for ${name}.`)
			feeds[name] = value
		}
		const results = await session.run(feeds, [...request.outputs], { logSeverityLevel: quiet.severity })
		const tensors: Record<string, Tensor> = {}
		const kept: Record<string, KeptTensor> = {}
		for (const name of request.outputs) {
			const result = results[name] as BackendTensor
			const handle = request.keep[name]
			if (handle === undefined) tensors[name] = unwrap(result)
			else {
				residents.set(handle, result)
				kept[name] = { type: result.type as ElementType, shape: result.dims }
			}
		}
		return { tensors, kept }
	}

	return async (request) => {
		switch (request.kind) {
			case 'start': {
				const { backend: loaded, ...notes } = await load(request.device, request.threads)
				backend = loaded
				return { version: loaded.version, device: loaded.device, ...notes }
			}
			case 'compile':
				sessions.set(request.program, await started().create(request.model, request.settings))
				return
			case 'run':
				return run(request)
			case 'releaseProgram':
				await sessions.get(request.program)?.release()
				sessions.delete(request.program)
				return
			case 'upload':
				residents.set(request.handle, wrap(request.tensor))
				return
			case 'releaseTensor':
				residents.delete(request.handle)
				return
			case 'close':
				for (const session of sessions.values()) await session.release()
				sessions.clear()
				residents.clear()
				return
		}
	}
}

function unwrap(value: BackendTensor): Tensor {
	return { type: value.type as ElementType, shape: value.dims, data: value.data as TensorData }
}

/** The worker thread: owns the execution library, all sessions and all resident tensors. */

import { parentPort, workerData } from 'node:worker_threads'
import type { InferenceSession } from 'onnxruntime-common'
import type { ElementType, Tensor, TensorData } from '../core/tensor.js'
import { type Backend, type BackendTensor, quiet } from './backend.js'
import { type BusyFlag, whileBusy } from './busy-flag.js'
import { loadBackend } from './load-backend.js'
import type { AnswerEnvelope, Answers, KeptTensor, Request, RequestEnvelope } from './protocol.js'

const port = parentPort
if (!port) throw new Error('runtime/worker.js runs in a worker thread only; use createEngine().')

let backend: Backend | undefined
const sessions = new Map<number, InferenceSession>()
const residents = new Map<number, BackendTensor>()

/** Requests are answered strictly one after the other: engines run one session at a time. */
let queue: Promise<void> = Promise.resolve()
port.on('message', (envelope: RequestEnvelope) => {
	queue = queue.then(() => whileBusy(workerData as BusyFlag, () => respond(envelope)))
})

async function respond({ id, request }: RequestEnvelope): Promise<void> {
	try {
		const answer = await handle(request)
		const buffers = request.kind === 'run' ? transferable(answer as Answers['run']) : []
		port?.postMessage({ id, answer } satisfies AnswerEnvelope, buffers)
	} catch (error) {
		port?.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies AnswerEnvelope)
	}
	// Without its port the thread has nothing to wait for and ends by itself.
	if (request.kind === 'close') port?.close()
}

async function handle(request: Request): Promise<Answers[Request['kind']]> {
	switch (request.kind) {
		case 'start': {
			const { backend: loaded, ...notes } = await loadBackend(request.device, request.threads)
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

function started(): Backend {
	if (!backend) throw new Error('The worker has no execution library yet.')
	return backend
}

async function run(request: Extract<Request, { kind: 'run' }>): Promise<Answers['run']> {
	const session = sessions.get(request.program)
	if (!session) throw new Error(`The worker has no program ${request.program}.`)
	const feeds: Record<string, BackendTensor> = {}
	for (const [name, feed] of Object.entries(request.feeds)) {
		const value = 'tensor' in feed ? wrap(feed.tensor) : residents.get(feed.resident)
		if (!value) throw new Error(`The worker has no resident tensor for ${name}.`)
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

function wrap({ type, data, shape }: Tensor): BackendTensor {
	return new (started().Tensor)(type as 'float32', data as Float32Array, shape)
}

function unwrap(value: BackendTensor): Tensor {
	return { type: value.type as ElementType, shape: value.dims, data: value.data as TensorData }
}

/** The library allocates fresh buffers for every run and drops them, so they can be moved instead of copied. */
function transferable({ tensors }: Answers['run']): ArrayBuffer[] {
	return [...new Set(Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer))]
}

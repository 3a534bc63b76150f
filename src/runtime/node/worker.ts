/** The worker thread: a host that answers messages. */

import { parentPort, workerData } from 'node:worker_threads'
import { createHost } from '../host.js'
import type { AnswerEnvelope, Answers, RequestEnvelope } from '../protocol.js'
import { type BusyFlag, whileBusy } from './busy-flag.js'
import { loadBackend } from './load-backend.js'

const port = parentPort
if (!port) throw new Error('runtime/node/worker.js only runs in a worker thread; use createEngine().')

const host = createHost(loadBackend)

let queue: Promise<void> = Promise.resolve()
port.on('message', (envelope: RequestEnvelope) => {
	queue = queue.then(() => whileBusy(workerData as BusyFlag, () => respond(envelope)))
})

async function respond({ id, request }: RequestEnvelope): Promise<void> {
	try {
		const answer = await host(request)
		const buffers = request.kind === 'run' ? transferable(answer as Answers['run']) : []
		port?.postMessage({ id, answer } satisfies AnswerEnvelope, buffers)
	} catch (error) {
		port?.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies AnswerEnvelope)
	}
	// Without its port the thread has nothing to wait for and ends by itself.
	if (request.kind === 'close') port?.close()
}

/** The library allocates fresh buffers for every run and drops them, so they can be moved instead of copied. */
function transferable({ tensors }: Answers['run']): ArrayBuffer[] {
	return [...new Set(Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer))]
}

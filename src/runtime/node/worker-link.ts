/** Requests and answers over a worker thread, whose end and crashes become clear errors. */

import { Worker } from 'node:worker_threads'
import { NaptuneError } from '../../core/errors.js'
import { HostError, type HostLink } from '../link.js'
import type { AnswerEnvelope, RequestEnvelope } from '../protocol.js'
import { createBusyFlag, watchExit } from './busy-flag.js'

interface Pending {
	readonly resolve: (answer: never) => void
	readonly reject: (error: Error) => void
}

/**
 * Starts a worker. It keeps the process alive only while a request is unanswered: a forgotten `close()` does not hang a
 * script, and the process never ends during a pending run.
 */
export function startWorker(script: URL): HostLink {
	const flag = createBusyFlag()
	// The process's flags (`--input-type`, loaders) are meant for the caller's script; some would break this one.
	const worker = new Worker(script, { execArgv: [], workerData: flag })
	const unwatch = watchExit(flag)
	worker.unref()
	const pending = new Map<number, Pending>()
	let nextId = 0
	let gone: NaptuneError | undefined
	let closing = false
	let markEnded: () => void
	const ended = new Promise<void>((resolve) => {
		markEnded = resolve
	})

	const settle = (id: number): Pending | undefined => {
		const call = pending.get(id)
		pending.delete(id)
		if (pending.size === 0 && !closing) worker.unref()
		return call
	}
	const fail = (error: NaptuneError) => {
		gone ??= error
		for (const id of [...pending.keys()]) settle(id)?.reject(gone)
	}
	worker.on('message', (envelope: AnswerEnvelope) => {
		const call = settle(envelope.id)
		if ('error' in envelope) call?.reject(new HostError(envelope.error))
		else call?.resolve(envelope.answer as never)
	})
	worker.on('error', (error) => {
		fail(
			new NaptuneError(
				'NAP_ENGINE_FAILED',
				`The engine's worker thread failed: ${error.message}. Create a new engine.`,
				{ cause: error },
			),
		)
	})
	worker.on('exit', (code) => {
		unwatch()
		const how = closing ? 'was closed' : `has ended (worker thread exit code ${code})`
		fail(new NaptuneError('NAP_ENGINE_CLOSED', `The engine ${how}; create a new engine.`))
		markEnded()
	})

	const ask: HostLink['ask'] = (request, transfer = []) =>
		new Promise((resolve, reject) => {
			if (gone) return reject(gone)
			if (closing && request.kind !== 'close') {
				return reject(new NaptuneError('NAP_ENGINE_CLOSED', 'The engine was closed; create a new engine.'))
			}
			const id = nextId++
			worker.postMessage({ id, request } satisfies RequestEnvelope, [...transfer])
			pending.set(id, { resolve, reject })
			worker.ref()
		})
	return {
		ask,
		async letGo(request) {
			if (!gone && !closing) await ask(request).catch(() => {})
		},
		async close() {
			closing = true
			worker.ref()
			await ask({ kind: 'close' }).catch(() => {})
			await ended
		},
	}
}

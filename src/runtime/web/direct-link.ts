/** A host in the calling thread. */

import { NaptuneError } from '../../core/errors.js'
import type { Host } from '../host.js'
import { HostError, type HostLink } from '../link.js'

/** Asks a host one request at a time. */
export function directLink(host: Host): HostLink {
	let queue: Promise<unknown> = Promise.resolve()
	let closing: Promise<void> | undefined

	const next = <T>(work: () => Promise<T>): Promise<T> => {
		const result = queue.then(work)
		queue = result.catch(() => {})
		return result
	}
	const ask: HostLink['ask'] = async (request) => {
		if (closing) throw new NaptuneError('NAP_ENGINE_CLOSED', 'The engine was closed; create a new engine.')
		return next(async () => {
			try {
				return (await host(request)) as never
			} catch (error) {
				throw error instanceof NaptuneError
					? error
					: new HostError(error instanceof Error ? error.message : String(error), { cause: error })
			}
		})
	}
	return {
		ask,
		async letGo(request) {
			if (!closing) await ask(request).catch(() => {})
		},
		async close() {
			closing ??= next(async () => {
				await host({ kind: 'close' })
			}).catch(() => {})
			await closing
		},
	}
}

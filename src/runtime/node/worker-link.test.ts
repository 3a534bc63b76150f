import { expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { startWorker } from './worker-link.js'

/** A worker that answers `start` and comes to a bad end on everything else. */
const script = (end: string) =>
	new URL(
		`data:text/javascript,${encodeURIComponent(`
		import { parentPort } from 'node:worker_threads'
		parentPort.on('message', ({ id, request }) => {
			if (request.kind === 'start') parentPort.postMessage({ id, answer: { version: 'test', device: 'cpu' } })
			else { ${end} }
		})`)}`,
	)
const start = { kind: 'start', device: 'cpu', threads: 1 } as const
const run = { kind: 'run', program: 0, feeds: {}, outputs: [], keep: {} } as const

it.each([
	['process.exit(3)', /exit code 3/],
	['throw new Error("boom")', /worker thread failed: boom/],
])('rejects all pending and all later calls after %s', async (end, message) => {
	const link = startWorker(script(end))
	await link.ask(start)
	const pending = await Promise.allSettled([link.ask(run), link.ask(run)])
	for (const result of [...pending, ...(await Promise.allSettled([link.ask(run)]))]) {
		expect(result.status).toBe('rejected')
		const { reason } = result as PromiseRejectedResult
		expect(reason).toBeInstanceOf(NaptuneError)
		expect(reason.message).toMatch(message)
		expect(reason.message).toMatch(/create a new engine/i)
	}
	await link.letGo({ kind: 'releaseProgram', program: 0 })
	await link.close()
})

it('rejects calls when the script cannot be loaded', async () => {
	const link = startWorker(new URL('./no-such-worker.js', import.meta.url))
	await expect(link.ask(start)).rejects.toThrow(/worker thread failed: .*no-such-worker/)
	await link.close()
})

it('leaves no trace of a message that cannot be sent', async () => {
	const link = startWorker(script('process.exit(0)'))
	const unsendable = { tensor: () => {} } as never
	await expect(link.ask({ ...run, feeds: { x: unsendable } })).rejects.toThrow(/could not be cloned/)
	expect(await link.ask(start)).toEqual({ version: 'test', device: 'cpu' })
	await link.close()
})

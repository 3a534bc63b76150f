/** What every command works with: its output and the context of its job. */

import { setTimeout as wait } from 'node:timers/promises'
import { NaptuneError } from '../core/errors.js'
import { createImageLoader, type ImageLoader } from '../data/loading/image-loader.js'
import { atExit } from '../files/at-exit.js'
import type { JobContext } from '../jobs/job.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { Interruption } from './exit-codes.js'
import { createInterrupt } from './interrupt.js'
import { removeOwnTemporaries } from './leftovers.js'
import type { SharedOptions } from './options/shared-options.js'
import { createOutput, type Output } from './output.js'
import { progressTeller } from './progress-teller.js'

/** A running command. */
export interface Session extends Output, JobContext {}

/** Runs a command and closes what it opened. */
export async function withSession(
	options: SharedOptions & { readonly loaderThreads?: number; readonly tellsStop?: boolean },
	work: (session: Session) => Promise<void>,
): Promise<void> {
	const output = createOutput(options)
	const folders = new Set<string>()
	const interrupt = createInterrupt(() => {
		if (options.tellsStop) return
		const text = 'Stopping after the current step. Press Ctrl-C again to leave at once.'
		if (options.quiet) process.stderr.write(`${text}\n`)
		else output.progress.line(text)
	})
	const takeBack = atExit(() => {
		for (const folder of folders) removeOwnTemporaries(folder)
	})
	let left = false
	let engine: Promise<ModelEngine> | undefined
	let loader: ImageLoader | undefined
	try {
		await work({
			...output,
			signal: interrupt.signal,
			engine: (more) => {
				engine ??= createEngine({ device: options.device, threads: options.threads, ...more })
				return engine
			},
			imageLoader() {
				const { loaderThreads: threads } = options
				loader ??= createImageLoader(threads === undefined ? {} : { threads })
				return loader
			},
			onProgress: progressTeller(output.progress),
			onNote: ({ kind, text }) => output.progress.line(kind === 'plan' ? text : `${kind}: ${text}`),
			onEvent() {},
			onFolder(folder) {
				folders.add(folder)
			},
		})
	} catch (error) {
		left = isStop(error)
		throw isStop(error) ? new Interruption(error.message, interrupt.code()) : error
	} finally {
		const closed = closeAll(engine, loader)
		// An abandoned engine call may take long.
		await (left ? Promise.race([closed, wait(secondsToClose * 1000)]) : closed)
		interrupt.dispose()
		if (!left) takeBack()
	}
}

/** Seconds to wait for the engine and loader of a stopped command. */
const secondsToClose = 1

async function closeAll(engine: Promise<ModelEngine> | undefined, loader: ImageLoader | undefined): Promise<void> {
	await loader?.close()
	await engine?.then(
		(started) => started.close(),
		() => {},
	)
}

function isStop(error: unknown): error is Error {
	return error instanceof Interruption || (error instanceof NaptuneError && error.code === 'NAP_STOPPED')
}

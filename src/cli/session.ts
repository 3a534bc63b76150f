/** What every command works with: output, and the context of its job. */

import { NaptuneError } from '../core/errors.js'
import { createImageLoader, type ImageLoader } from '../data/loading/image-loader.js'
import type { JobContext } from '../jobs/job.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { Interruption } from './exit-codes.js'
import { createInterrupt } from './interrupt.js'
import { removeOwnTemporaries } from './leftovers.js'
import type { SharedOptions } from './options.js'
import { createOutput, type Output } from './output.js'
import { progressTeller } from './progress-teller.js'

/** A running command. */
export interface Session extends Output, JobContext {
	/** Names the folder that is written to, so that leaving at once leaves no temporary file in it. */
	writesTo(folder: string): void
	/** @throws Interruption when the command was asked to stop and has nothing to save. */
	stopIfAsked(): void
}

/** Runs a command and closes what it opened. */
export async function withSession(
	options: SharedOptions & { readonly loaderThreads?: number },
	work: (session: Session) => Promise<void>,
): Promise<void> {
	const output = createOutput(options)
	const folders = new Set<string>()
	const interrupt = createInterrupt(
		() => {
			const text = 'Stopping after the step under way. Press Ctrl-C again to leave at once.'
			if (options.quiet) process.stderr.write(`${text}\n`)
			else output.progress.line(text)
		},
		() => {
			for (const folder of folders) removeOwnTemporaries(folder)
		},
	)
	let engine: Promise<ModelEngine> | undefined
	let loader: ImageLoader | undefined
	const writesTo = (folder: string) => {
		folders.add(folder)
	}
	try {
		await work({
			...output,
			signal: interrupt.signal,
			engine: () => {
				engine ??= createEngine({ device: options.device, threads: options.threads })
				return engine
			},
			imageLoader() {
				const { loaderThreads: threads } = options
				loader ??= createImageLoader(threads === undefined ? {} : { threads })
				return loader
			},
			onProgress: progressTeller(output.progress),
			onNote: ({ kind, text }) => output.progress.line(kind === 'note' ? `note: ${text}` : text),
			onEvent() {},
			onFolder: writesTo,
			writesTo,
			stopIfAsked() {
				if (interrupt.signal.aborted) throw new Interruption('Stopped.')
			},
		})
	} catch (error) {
		const code = interrupt.code()
		throw isStop(error) ? new Interruption(error.message, code) : error
	} finally {
		interrupt.dispose()
		await loader?.close()
		await engine?.then(
			(started) => started.close(),
			() => {},
		)
	}
}

function isStop(error: unknown): error is Error {
	return error instanceof Interruption || (error instanceof NaptuneError && error.code === 'NAP_STOPPED')
}

/**
 * Reads untrusted files in a separate process. Libraries for foreign formats trust the numbers in a file; one that loops
 * forever or takes all memory ends that process, and the caller gets an error.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import type { Answer } from './isolated-side.js'

/** Limits of the process. */
export interface IsolationLimits {
	/** Heap limit in MiB; byte buffers come on top. */
	readonly heap: number
	/** Seconds without a response, or a part of one, after which the process is ended. */
	readonly seconds: number
	/** Seconds without a request after which it is ended; the next request starts a new one. Default 30. */
	readonly idleSeconds?: number
}

/** A process that answers requests one at a time. */
export interface IsolatedReader<Request, Part> {
	/**
	 * Sends a request and collects the parts of the response.
	 * @param what What the request is about, for errors.
	 * @throws NaptuneError with the reader's own message, or if it exceeded its memory or time.
	 */
	ask(request: Request, what: string): Promise<Part[]>
}

/**
 * A reader whose process the first request starts. It does not keep the program alive, and ends with it.
 * @param entry Module that calls `answerRequests`.
 */
export function isolatedReader<Request, Part>(entry: URL, limits: IsolationLimits): IsolatedReader<Request, Part> {
	const { idleSeconds = 30 } = limits
	let running: RunningProcess | undefined
	let last: Promise<unknown> = Promise.resolve()
	let idle: NodeJS.Timeout | undefined
	return {
		ask(request, what) {
			const turn = last.then(async () => {
				clearTimeout(idle)
				running = running?.isAlive() ? running : startProcess(entry, limits)
				const own = running
				try {
					return (await own.ask(request, what)) as Part[]
				} finally {
					idle = setTimeout(own.end, 1000 * idleSeconds).unref()
				}
			})
			last = turn.catch(() => {})
			return turn
		},
	}
}

interface RunningProcess {
	isAlive(): boolean
	ask(request: unknown, what: string): Promise<unknown[]>
	end(): void
}

function startProcess(entry: URL, { heap, seconds }: IsolationLimits): RunningProcess {
	const child = fork(fileURLToPath(entry), [], {
		serialization: 'advanced',
		// The last words of a dying library help nobody here.
		stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
		execArgv: [`--max-old-space-size=${heap}`],
		// Passes no token and no path of the caller.
		env: defined({ SystemRoot: process.env.SystemRoot }),
	})
	let alive = true
	let end = () => {}
	child.once('exit', () => {
		alive = false
	})
	// A failure to start also ends it; the code below reports to the waiting caller.
	child.on('error', () => {
		alive = false
		end()
	})
	keepsAlive(child, false)
	return {
		isAlive: () => alive && child.connected,
		end: () => {
			alive = false
			child.kill('SIGKILL')
		},
		ask: (request, what) =>
			new Promise((resolve, reject) => {
				const parts: unknown[] = []
				let timer: NodeJS.Timeout | undefined
				const settle = (finish: () => void) => {
					clearTimeout(timer)
					child.off('message', onMessage).off('exit', onExit)
					keepsAlive(child, false)
					finish()
				}
				const wait = () => {
					clearTimeout(timer)
					timer = setTimeout(() => {
						alive = false
						child.kill('SIGKILL')
						settle(() =>
							reject(
								new NaptuneError(
									'NAP_FILE_INVALID',
									`${what} took longer than ${seconds} s to read. It is damaged or hostile.`,
								),
							),
						)
					}, 1000 * seconds)
				}
				const onExit = () =>
					settle(() =>
						reject(
							new NaptuneError(
								'NAP_FILE_INVALID',
								`Cannot read ${what}: its reader ended, as happens when a file requests more than ${heap} MiB of memory. The file is damaged or hostile.`,
							),
						),
					)
				const onMessage = (answer: Answer) => {
					if ('part' in answer) {
						parts.push(answer.part)
						wait()
					} else if ('problem' in answer) {
						const { problem, code } = answer
						settle(() => reject(code ? new NaptuneError(code, problem) : new Error(problem)))
					} else settle(() => resolve(parts))
				}
				end = onExit
				keepsAlive(child, true)
				child.on('message', onMessage).once('exit', onExit)
				wait()
				child.send({ request } satisfies { request: unknown } as never, (error) => {
					if (error) onExit()
				})
			}),
	}
}

/** Whether the program waits for the process: only during a request. */
function keepsAlive(child: ChildProcess, waits: boolean): void {
	if (waits) {
		child.ref()
		child.channel?.ref()
	} else {
		child.unref()
		child.channel?.unref()
	}
}

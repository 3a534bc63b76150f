/** Runs a process that reads inputs under limits of time and memory. */

import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('./worker.mjs', import.meta.url))

/** A worker that restarts whenever an input has ended it. */
export function createWorker() {
	const folder = mkdtempSync(join(tmpdir(), 'naptune-fuzz-'))
	let child
	const start = () => {
		child = fork(entry, [folder], {
			serialization: 'advanced',
			execArgv: ['--max-old-space-size=1024'],
			stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
			env: { ...process.env, TMPDIR: folder, NAPTUNE_SPINNING: '0', HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' },
		})
	}
	return {
		/** Reads inputs until the request is complete or one of them ends the process.
		 * @param limits Seconds and MiB for one input.
		 * @param onResult Called with each result.
		 * @returns Number after the last input that was read.
		 */
		run(request, limits, onResult) {
			if (!child?.connected) start()
			const own = child
			return new Promise((resolve) => {
				let current
				let began = performance.now()
				let beganUsed = usedSeconds(own.pid)
				let reason
				let last = request.from ?? 0
				let errors = ''
				const watch = setInterval(() => {
					const waited = (performance.now() - began) / 1000
					const used = usedSeconds(own.pid) - beganUsed
					// A target may prepare before the first input. Readers are not to blame for other work on the machine.
					const most = current === undefined ? 300 : limits.seconds
					if (used > most || waited > 20 * most) reason = 'too slow'
					else if (residentMiB(own.pid) > limits.megabytes) reason = 'too much memory'
					if (reason) own.kill('SIGKILL')
				}, 200)
				const finish = () => {
					clearInterval(watch)
					own.off('message', onMessage).off('exit', onExit)
					own.stderr.off('data', onErrors)
					resolve(last)
				}
				const onErrors = (text) => {
					errors = (errors + text).slice(-4000)
				}
				const onExit = (code, signal) => {
					if (current !== undefined) {
						onResult({ ...current, outcome: reason ?? `crash (${signal ?? code})`, message: errors })
						last = current.index + 1
					} else if (reason || !request.quietly) {
						onResult({ index: -1, outcome: reason ?? `crash while preparing (${signal ?? code})`, message: errors })
					}
					finish()
				}
				const onMessage = (message) => {
					if (message.done) finish()
					else if (message.stray)
						onResult({
							...current,
							index: current?.index ?? -1,
							outcome: 'unhandled rejection',
							message: message.stray,
						})
					else if (message.begin !== undefined) {
						began = performance.now()
						beganUsed = usedSeconds(own.pid)
						current = { index: message.begin, steps: message.steps, files: message.files }
					} else {
						onResult({
							...current,
							outcome: message.outcome,
							message: message.message,
							stack: message.stack,
							seconds: (performance.now() - began) / 1000,
						})
						last = message.end + 1
						current = undefined
						began = performance.now()
						beganUsed = usedSeconds(own.pid)
					}
				}
				own.on('message', onMessage).once('exit', onExit)
				own.stderr.on('data', onErrors)
				own.send(request)
			})
		},
		close() {
			child?.kill('SIGKILL')
			rmSync(folder, { recursive: true, force: true })
		},
	}
}

/** Seconds of processor time that a process has used so far; 0 if the system does not report it. */
function usedSeconds(pid) {
	try {
		const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
			.replace(/^.*\) /s, '')
			.split(' ')
		return (Number(fields[11]) + Number(fields[12])) / 100
	} catch {
		return 0
	}
}

/** If the system does not report it, only the heap is bounded. */
function residentMiB(pid) {
	try {
		return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 2 ** 20
	} catch {
		return 0
	}
}

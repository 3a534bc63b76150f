/** Loaded into a command by `--import`: counts its writes, and fails at a chosen one.
 * CHAOS_COUNT: file that gets the number of operations. CHAOS_AT: number of the operation at which something happens.
 * CHAOS_WHAT: `before`, `half`, `after` (the process is killed) or `full` (the disk is, from there on).
 */

import { writeFileSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { isMainThread } from 'node:worker_threads'

const { CHAOS_COUNT: counted, CHAOS_AT: at, CHAOS_WHAT: what } = process.env

if (isMainThread && (counted || at)) {
	let operations = 0
	const die = () => {
		process.kill(process.pid, 'SIGKILL')
		// The signal takes effect immediately; nothing after this runs.
		for (;;);
	}
	const isFull = () => what === 'full' && operations >= Number(at)
	/** @param half Half of the work, if it can be halved. */
	const around = async (work, half = work) => {
		operations++
		const now = operations === Number(at)
		if (isFull())
			throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
		if (now && what === 'before') die()
		if (now && what === 'half') {
			await half()
			die()
		}
		const result = await work()
		if (now && what === 'after') die()
		return result
	}

	const handle = await promises.open(process.execPath)
	const prototype = Object.getPrototypeOf(handle)
	await handle.close()
	const { write, sync, datasync, truncate } = prototype
	prototype.write = function (bytes, offset = 0, length = bytes.length - offset, position = null) {
		const half = () => write.call(this, bytes, offset, length >> 1, position)
		return around(() => write.call(this, bytes, offset, length, position), half)
	}
	prototype.sync = function () {
		return around(() => sync.call(this))
	}
	prototype.datasync = function () {
		return around(() => datasync.call(this))
	}
	prototype.truncate = function (length) {
		// Truncating a file needs no space.
		return isFull() ? truncate.call(this, length) : around(() => truncate.call(this, length))
	}
	for (const name of ['rename', 'mkdir', 'writeFile', 'appendFile']) {
		const own = promises[name]
		promises[name] = (...given) => around(() => own(...given))
	}
	syncBuiltinESMExports()
	if (counted) process.on('exit', () => writeFileSync(counted, String(operations)))
}

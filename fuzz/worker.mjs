/** The process that reads inputs. */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { inputOf } from './inputs.mjs'
import { loadTarget } from './targets/index.mjs'

const folder = process.argv[2]
const prepared = new Map()

async function target(name) {
	const found = prepared.get(name) ?? { target: await loadTarget(name) }
	prepared.set(name, found)
	found.inputs ??= await found.target.prepare()
	return found
}

/** Reads one input. @returns `ok`, `refused`, or what is wrong. */
async function read({ target: own, inputs }, files) {
	const place = join(folder, 'input')
	await rm(place, { recursive: true, force: true })
	await mkdir(place, { recursive: true })
	if (own.onDisk ?? true) {
		for (const [name, bytes] of Object.entries(files)) {
			await mkdir(dirname(join(place, name)), { recursive: true })
			await writeFile(join(place, name), bytes)
		}
	}
	try {
		await own.read(place, files, inputs)
		return { outcome: 'ok' }
	} catch (error) {
		if (error?.name === 'NaptuneError') {
			// Messages for people must not fill a screen.
			if (error.message.length > 6000) return { outcome: 'endless message', message: error.message.slice(0, 300) }
			return { outcome: 'refused', message: error.message.slice(0, 300) }
		}
		return {
			outcome: 'unclean error',
			message: String(error?.message ?? error).slice(0, 2000),
			stack: error?.stack?.slice(0, 4000),
		}
	}
}

process.on('message', async (request) => {
	const own = await target(request.target)
	if (request.kind === 'files') {
		const files = Object.fromEntries(Object.entries(request.files).map(([name, bytes]) => [name, Buffer.from(bytes)]))
		process.send({ begin: 0 })
		process.send({ end: 0, ...(await read(own, files)) })
		process.send({ done: true })
		return
	}
	const until = performance.now() + 1000 * request.seconds
	for (let index = request.from; index < request.to && performance.now() < until; index++) {
		const kept = request.kept && new Set(request.kept)
		const { files, steps } = inputOf(own.target, own.inputs, request.seed, index, kept)
		process.send({ begin: index, steps, ...(request.give ? { files } : {}) })
		process.send({ end: index, ...(await read(own, files)) })
		// Messages must leave before the next input can end the process.
		await new Promise((resolve) => setImmediate(resolve))
	}
	process.send({ done: true })
})
process.on('disconnect', () => process.exit())
process.on('unhandledRejection', (error) => {
	process.send({ stray: String(error?.stack ?? error).slice(0, 4000) })
})

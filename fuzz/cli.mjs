/** Runs commands within the process, with the readers that users meet. */

import { run } from '../dist/cli/run.js'

/**
 * Runs a command line.
 * @throws NaptuneError for a clean refusal; an Error with the whole output if the command reports a bug.
 */
export async function command(...args) {
	const said = []
	const streams = [process.stdout, process.stderr]
	const own = streams.map((stream) => stream.write)
	for (const stream of streams) {
		stream.setMaxListeners(0)
		stream.write = (text) => {
			said.push(String(text))
			return true
		}
	}
	let code
	try {
		code = await run(args)
	} finally {
		streams.forEach((stream, at) => {
			stream.write = own[at]
			stream.removeAllListeners('error')
			stream.on('error', () => {})
		})
	}
	const text = said.join('')
	if (/This is a bug in naptune/.test(text) || code === 2) {
		const error = new Error(`exit code ${code}`)
		error.stack = text.slice(-4000)
		throw error
	}
	if (code === 0 || code === 3) return text
	const error = new Error(text)
	error.name = 'NaptuneError'
	throw error
}

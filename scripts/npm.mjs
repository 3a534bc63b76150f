// Runs npm and other programs from scripts.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** Runs a program and returns its standard output. Throws with `stderr` when it fails. */
export async function run(program, args, options = {}) {
	const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 2 ** 28, ...options })
	return stdout
}

/** The npm that runs this script, or the one beside Node.js, as a file for Node.js, so that no shell has to find it. */
export function npmProgram() {
	const own = process.env.npm_execpath
	if (own?.endsWith('npm-cli.js')) return own
	const beside = dirname(process.execPath)
	const places = ['node_modules/npm/bin/npm-cli.js', '../lib/node_modules/npm/bin/npm-cli.js']
	return places.map((place) => join(beside, place)).find((place) => existsSync(place))
}

/** Runs npm. */
export function npm(args, options = {}) {
	const program = npmProgram()
	return program ? run(process.execPath, [program, ...args], options) : run('npm', args, options)
}

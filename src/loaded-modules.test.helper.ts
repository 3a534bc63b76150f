/** Which modules a process of its own loads. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What was loaded. */
export interface LoadedModules {
	/** Packages, each once, sorted. */
	readonly packages: readonly string[]
	/** Modules of this one, as paths in `dist`, sorted. */
	readonly own: readonly string[]
}

/** A hook of the loader that writes every address to the standard error. */
const hook = `
export async function load(url, context, next) {
	process._rawDebug('loaded ' + url)
	return next(url, context)
}`
const address = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`
const registering = `import { register } from 'node:module'; register(${JSON.stringify(address(hook))})`

const root = fileURLToPath(new URL('..', import.meta.url))

/** Loads an ES module of ours by its name, such as `naptune/onnx`. */
export function loadedByImport(specifier: string): Promise<LoadedModules> {
	return loadedBy(['--input-type=module', '--eval', `import ${JSON.stringify(specifier)}`])
}

/** Runs the command line, which may fail. */
export function loadedByCommand(...args: readonly string[]): Promise<LoadedModules> {
	return loadedBy(['dist/cli/main.js', ...args])
}

async function loadedBy(args: readonly string[]): Promise<LoadedModules> {
	const all = ['--import', address(registering), ...args]
	const { stderr } = await promisify(execFile)(process.execPath, all, { cwd: root, maxBuffer: 2 ** 26 }).catch(
		(error: { readonly stderr: string }) => error,
	)
	const loaded = [...stderr.matchAll(/^loaded (.*)$/gm)].map(([, url]) => url ?? '')
	const found = (pattern: RegExp) => [...new Set(loaded.flatMap((url) => pattern.exec(url)?.[1] ?? []))].sort()
	return {
		packages: found(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/),
		own: found(/^file:.*\/dist\/((?!.*node_modules).*)$/),
	}
}

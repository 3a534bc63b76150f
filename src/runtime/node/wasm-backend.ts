/** Runs onnxruntime-web in Node.js, for machines without the native library. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import type { Backend } from '../backend.js'
import type { SessionSettings } from '../protocol.js'
import { type ExternalData, wasmBackend } from '../wasm-session.js'
import { engineVersion } from './native-library.js'

/**
 * Loads onnxruntime-web. Its binary comes from the installed package, without a download.
 * @throws NaptuneError when it is not installed, since it is an optional peer dependency.
 */
export async function loadWasm(threads: number): Promise<Backend> {
	const library = await import('onnxruntime-web').catch((cause: unknown) => {
		throw new NaptuneError(
			'NAP_DEVICE_UNAVAILABLE',
			`onnxruntime-web cannot be loaded: ${cause instanceof Error ? cause.message.split('\n', 1).join() : cause}. Device wasm needs it: npm install onnxruntime-web@${engineVersion}`,
			{ cause },
		)
	})
	return wasmBackend(library, threads, readExternalFiles)
}

/**
 * External files as bytes, under their names in the graph.
 * @throws NaptuneError when a file cannot be read into memory as a whole.
 */
async function readExternalFiles({
	externalDirectory = '',
	externalFiles,
	externalContents,
}: SessionSettings): Promise<ExternalData> {
	const read = await Promise.all(
		externalFiles.map(async (name) => {
			const path = join(externalDirectory, name)
			try {
				return { path: name, data: await readFile(path) }
			} catch (cause) {
				throw new NaptuneError(
					'NAP_FILE_UNREADABLE',
					`The weights file ${path} cannot be read into memory: ${cause instanceof Error ? cause.message : cause}. Device cpu maps it instead.`,
					{ cause },
				)
			}
		}),
	)
	return [...read, ...[...externalContents].map(([path, data]) => ({ path, data }))]
}

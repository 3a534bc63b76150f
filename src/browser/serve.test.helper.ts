/** A server of files for pages that are isolated from other origins, so that they may use threads. */

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'

/** Folders by the first part of the address, or contents by the whole address. */
export type Served = Readonly<Record<string, { readonly folder: string } | { readonly content: string | Uint8Array }>>

const types: Readonly<Record<string, string>> = {
	'.html': 'text/html; charset=utf-8',
	'.js': 'text/javascript',
	'.mjs': 'text/javascript',
	'.wasm': 'application/wasm',
	'.json': 'application/json',
}

/** Starts the server on a free port of this machine. */
export async function serve(served: Served): Promise<{ readonly address: string; close(): Promise<void> }> {
	const find = async (path: string): Promise<string | Uint8Array | undefined> => {
		const whole = served[path]
		if (whole && 'content' in whole) return whole.content
		const [, first = '', ...rest] = path.split('/')
		const below = served[`/${first}`]
		if (!below || !('folder' in below) || rest.includes('..')) return undefined
		return readFile(join(below.folder, ...rest)).catch(() => undefined)
	}
	const server = createServer(async ({ url = '/' }, response) => {
		const { pathname } = new URL(url, 'http://localhost')
		const content = await find(pathname)
		response.writeHead(content === undefined ? 404 : 200, {
			'content-type': types[extname(pathname)] ?? (pathname === '/' ? types['.html'] : 'application/octet-stream'),
			'cross-origin-opener-policy': 'same-origin',
			'cross-origin-embedder-policy': 'require-corp',
		})
		response.end(content ?? '')
	})
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
	const { port } = server.address() as AddressInfo
	return {
		address: `http://localhost:${port}`,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve())
				server.closeAllConnections()
			}),
	}
}

/** A small hub on 127.0.0.1: the endpoints that a download uses, as huggingface.co answers them. */

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { defined } from '../core/defined.js'

/** What the hub has, and how it misbehaves. */
export interface HubContent {
	readonly id: string
	commit: string
	files: Record<string, Uint8Array>
	/** Requests without this token are refused. */
	token?: string
	/** The status that everything is answered with. */
	failing?: number
	/** Sent instead of a file's own content. */
	readonly corrupted: Map<string, Uint8Array>
	/** Files whose transfer breaks off after this many bytes. */
	readonly brokenAfter: Map<string, number>
	/** Whether the host of large files sends them whole, whatever range is asked for. */
	withoutRanges?: boolean
	/** Answers a request in its own way, of the hub or of the host of large files; false where it does not. */
	instead?: (request: IncomingMessage, response: ServerResponse) => boolean
	/** Of a data set: what the head of its README holds. */
	card?: unknown
}

/** A running hub. */
export interface HubServer {
	readonly endpoint: string
	/** `METHOD path` of all requests so far, of the hub and of the host that serves large files. */
	readonly requests: string[]
	/** Tokens that the host of large files was shown. */
	readonly leaked: string[]
	/** Stops it before the test ends. */
	close(): Promise<void>
}

/** Starts a hub, which stops when the test ends. Large files are served by another host, small ones after a redirect. */
export async function startHub(content: HubContent): Promise<HubServer> {
	const requests: string[] = []
	const leaked: string[] = []
	const large = await listen((request, response) => {
		requests.push(`${request.method} large${request.url}`)
		if (request.headers.authorization) leaked.push(request.headers.authorization)
		if (content.instead?.(request, response)) return
		const name = decodeURIComponent((request.url ?? '').slice(1))
		// An entity tag of its own, as hosts of large files have.
		send(content, name, { etag: '"multipart-7"' }, request, response)
	})
	const hub = await listen((request, response) => {
		requests.push(`${request.method} ${request.url}`)
		if (content.instead?.(request, response)) return
		answer(content, large.endpoint, request, response)
	})
	const close = async () => {
		await Promise.all([hub.close(), large.close()])
	}
	onTestFinished(close)
	return { endpoint: hub.endpoint, requests, leaked, close }
}

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void) {
	const server = createServer(handle)
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
	const close = () =>
		new Promise<void>((done) => {
			server.closeAllConnections()
			server.close(() => done())
		})
	return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

function answer(content: HubContent, large: string, request: IncomingMessage, response: ServerResponse): void {
	const json = (status: number, body: unknown) => {
		response.writeHead(status, { 'content-type': 'application/json' })
		response.end(JSON.stringify(body))
	}
	if (content.token && request.headers.authorization !== `Bearer ${content.token}`) {
		json(401, { error: 'Invalid credentials' })
		return
	}
	if (content.failing) {
		json(content.failing, { error: 'Out of order' })
		return
	}
	response.setHeader('x-repo-commit', content.commit)
	const path = decodeURIComponent(new URL(request.url ?? '', 'http://hub').pathname)
	const model = path.match(new RegExp(`^/api/models/${content.id}/revision/(.+)$`))
	const dataset = path.match(new RegExp(`^/api/datasets/${content.id}/revision/(.+)$`))
	const [, direct, name = ''] =
		path.match(new RegExp(`^/(api/resolve-cache/models/)?(?:datasets/)?${content.id}/.*${content.commit}/(.+)$`)) ?? []
	const bytes = content.files[name]
	if (model && [content.commit, 'main', 'refs/pr/1'].includes(model[1]!)) {
		const siblings = Object.keys(content.files).map((rfilename) => ({ rfilename }))
		json(200, { _id: 'x', id: content.id, sha: content.commit, siblings, lastModified: '2024-01-01T00:00:00.000Z' })
	} else if (dataset && [content.commit, 'main', 'refs/convert/parquet'].includes(dataset[1]!)) {
		const { id, commit: sha, card: cardData } = content
		json(200, {
			_id: 'x',
			id,
			sha,
			...defined({ cardData }),
			lastModified: '2024-01-01T00:00:00.000Z',
		})
	} else if (path === `/api/datasets/${content.id}/tree/${content.commit}`) {
		listing(content, request, response)
	} else if (!bytes) {
		json(404, { error: 'Repository not found' })
	} else if (!name.endsWith('.json')) {
		const sha256 = createHash('sha256').update(bytes).digest('hex')
		const headers = { 'x-linked-etag': `"${sha256}"`, 'x-linked-size': bytes.length, etag: 'W/"other"' }
		response.writeHead(302, { ...headers, location: `${large}/${encodeURIComponent(name)}` })
		response.end()
	} else if (direct) {
		const blob = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
		send(content, name, { etag: `"${blob}"` }, request, response)
	} else {
		response.writeHead(307, { location: `/api/resolve-cache/models/${content.id}/${content.commit}/${name}` })
		response.end()
	}
}

/** In pages of two files. */
function listing(content: HubContent, request: IncomingMessage, response: ServerResponse): void {
	const { pathname, searchParams } = new URL(request.url ?? '', `http://${request.headers.host}`)
	const start = Number(searchParams.get('cursor') ?? 0)
	const all = Object.entries(content.files).map(([path, bytes]) => {
		const size = bytes.length
		const oid = createHash('sha1').update(`blob ${size}\0`).update(bytes).digest('hex')
		const lfs = { oid: createHash('sha256').update(bytes).digest('hex'), size, pointerSize: 130 }
		return { type: 'file', path, size, oid, ...defined({ lfs: !path.endsWith('.json') ? lfs : undefined }) }
	})
	if (start + 2 < all.length) {
		const next = `http://${request.headers.host}${pathname}?recursive=true&cursor=${start + 2}`
		response.setHeader('link', `<${next}>; rel="next"`)
	}
	response.writeHead(200, { 'content-type': 'application/json' })
	response.end(JSON.stringify([{ type: 'directory', path: 'data', size: 0, oid: '0' }, ...all.slice(start, start + 2)]))
}

function send(
	content: HubContent,
	name: string,
	headers: Record<string, string>,
	request: IncomingMessage,
	response: ServerResponse,
): void {
	const whole = content.corrupted.get(name) ?? content.files[name]!
	const start = content.withoutRanges ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
	const bytes = whole.subarray(start)
	if (start > 0) headers['content-range'] = `bytes ${start}-${whole.length - 1}/${whole.length}`
	response.writeHead(start > 0 ? 206 : 200, { ...headers, 'content-length': bytes.length })
	const limit = content.brokenAfter.get(name)
	if (request.method === 'HEAD') response.end()
	else if (limit === undefined) response.end(bytes)
	else response.write(bytes.subarray(0, limit), () => setTimeout(() => response.destroy(), 20))
}

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { hubSnapshot } from '../../dist/checkpoints/hub.js'
import { loadHubData } from '../../dist/data/hub/hub-data.js'
import { parquetFile, plainFeatures } from '../../dist/data/hub/parquet.test.support.js'
import { changeBytes } from '../bytes.mjs'
import { drawing } from '../draw.mjs'
import { projectPath, wholeFolder } from '../files.mjs'
import { changeJson } from '../json.mjs'

const commit = '0123456789abcdef0123456789abcdef01234567'
const statuses = [200, 200, 200, 204, 206, 301, 302, 304, 307, 401, 403, 404, 416, 429, 500, 503]
const headerValues = [
	'',
	'0',
	'-1',
	'99999999999999999999',
	'text/html',
	'gzip',
	'br',
	'identity',
	'x'.repeat(10_000),
	'"../../x"',
	'"a b"',
	'http://[',
	'/',
	'/loop',
	'<x>; rel="next"',
	'bytes 5-4/1',
]

/** An input is a plan: a few bytes from which the server chooses how to mutate its answers. */
export default {
	seconds: 60,
	onDisk: false,
	changes: (name) => name === 'plan',
	change: (_bytes, draw) => Buffer.from(Array.from({ length: 4 }, () => draw.below(256))),
	async prepare() {
		const model = await wholeFolder(projectPath('fixtures/checkpoints/tiny'))
		const images = Array.from({ length: 6 }, (_, at) => new Uint8Array(30).fill(at))
		const label = images.map((_, at) => at % 2)
		const table = Buffer.from(parquetFile(images, { columns: { label }, features: plainFeatures(['a', 'b']) }))
		const server = createServer()
		await new Promise((done) => server.listen(0, '127.0.0.1', done))
		const state = { server, content: { model, data: { 'train.parquet': table, 'test.parquet': table } } }
		server.on('request', (request, response) => answer(state, request, response))
		process.env.HF_HUB_DOWNLOAD_TIMEOUT = '0.6'
		process.env.HF_ENDPOINT = `http://127.0.0.1:${server.address().port}`
		return {
			...state,
			inputs: ['model', 'data'].map((kind) => ({ kind: Buffer.from(kind), plan: Buffer.alloc(4) })),
			state,
		}
	},
	async read(folder, files, { state }) {
		state.asked = 0
		state.draw = drawing(1, 'hub', Buffer.from(files.plan).toString('hex'))
		state.changed = new Set(Array.from({ length: 1 + state.draw.below(3) }, () => state.draw.below(8)))
		process.env.HF_HUB_CACHE = join(folder, 'cache')
		const settings = {
			endpoint: process.env.HF_ENDPOINT,
			cacheDirectory: join(folder, 'cache'),
			offline: false,
			timeout: 0.6,
		}
		try {
			if (String(files.kind) === 'model') await hubSnapshot('a/b', settings)
			else {
				const { train } = await loadHubData('hf:a/b', 1)
				await train.source(0)
			}
		} finally {
			state.server.closeAllConnections()
		}
	},
}

function answer(state, request, response) {
	response.on('error', () => {})
	const number = state.asked++
	if (number > 200) {
		response.writeHead(503).end()
		return
	}
	const { status, headers, body } = right(state.content, request)
	if (!state.changed.has(number)) {
		response.writeHead(status, headers)
		response.end(request.method === 'HEAD' ? undefined : body)
		return
	}
	const { draw } = state
	let own = Buffer.from(body)
	const others = { ...headers }
	let code = status
	for (let step = 0; step <= draw.below(2); step++) {
		switch (draw.below(9)) {
			case 0:
				code = draw.pick(statuses)
				break
			case 1:
				others[
					draw.pick([
						...Object.keys(headers),
						'location',
						'link',
						'content-encoding',
						'content-type',
						'etag',
						'content-range',
					])
				] = draw.pick(headerValues)
				break
			case 2:
				delete others[draw.pick(Object.keys(headers))]
				break
			case 3:
				own = Buffer.from('<!doctype html><title>Sign in</title>')
				break
			case 4:
				return void request.socket.destroy()
			case 5:
				// Silence.
				return void (draw.chance(0.5) && response.writeHead(200).write('['))
			case 6: {
				// Without an end. What is written as the answer to HEAD goes nowhere, and never waits.
				response.writeHead(200, others)
				if (request.method === 'HEAD') return void response.end()
				const piece = 'x'.repeat(1 << 16)
				const send = () => {
					while (!response.destroyed && response.write(piece));
				}
				response.on('drain', send)
				return void send()
			}
			default:
				own = /json/.test(headers['content-type'] ?? '') ? changeJson(own, draw) : changeBytes(own, draw)
		}
	}
	try {
		response.writeHead(code, others)
	} catch {
		return void request.socket.destroy()
	}
	response.end(request.method === 'HEAD' ? undefined : own)
}

/** The correct answers of a hub. */
function right({ model, data }, { url }) {
	const { pathname } = new URL(url, 'http://hub')
	const isData = pathname.includes('/datasets/')
	const files = isData ? data : model
	const json = (value, more = {}) => ({
		status: 200,
		headers: { 'content-type': 'application/json', ...more },
		body: JSON.stringify(value),
	})
	if (pathname.includes('/revision/')) {
		const siblings = Object.keys(files).map((rfilename) => ({ rfilename }))
		return json({
			_id: 'x',
			id: 'a/b',
			sha: commit,
			siblings,
			cardData: { configs: [] },
			lastModified: '2024-01-01T00:00:00.000Z',
		})
	}
	const hashed = (bytes) => createHash('sha256').update(bytes).digest('hex')
	if (pathname.includes('/tree/')) {
		return json(
			Object.entries(files).map(([path, bytes]) => ({
				type: 'file',
				path,
				size: bytes.length,
				oid: '0'.repeat(40),
				lfs: { oid: hashed(bytes), size: bytes.length, pointerSize: 1 },
			})),
		)
	}
	const bytes = files[decodeURIComponent(pathname.split('/').at(-1))]
	if (!bytes) return { status: 404, headers: { 'content-type': 'application/json' }, body: '{"error":"not found"}' }
	return {
		status: 200,
		headers: { etag: `"${hashed(bytes)}"`, 'content-length': bytes.length, 'x-repo-commit': commit },
		body: bytes,
	}
}

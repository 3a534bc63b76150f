import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { fetchListing } from './dataset-listing.js'
import { type HubRepository, hubRepository, throughCache } from './hub-access.js'
import { type DownloadContext, type DownloadProgress, downloadToCache } from './hub-download.js'
import { type HubContent, type HubServer, startHub } from './hub-server.test.helper.js'
import { type HubSettings, hubSettings } from './hub-settings.js'
import { downloadResumably, type ListedFile } from './resumed-download.js'

const commit = '0123456789abcdef0123456789abcdef01234567'
const bytes = Uint8Array.from({ length: 861 }, (_, at) => (at * 7) & 255)
const listed: ListedFile = {
	path: 'a.bin',
	size: bytes.length,
	fingerprint: createHash('sha256').update(bytes).digest('hex'),
}

let content: HubContent
let server: HubServer
let settings: HubSettings
let repository: HubRepository
let context: DownloadContext
let told: DownloadProgress[]
const onProgress = (now: DownloadProgress) => {
	told.push(now)
}

beforeEach(async () => {
	content = { id: 'a/b', commit, files: { 'a.bin': bytes }, corrupted: new Map(), brokenAfter: new Map() }
	server = await startHub(content)
	const cache = await temporaryFolder()
	const { endpoint } = server
	settings = { ...hubSettings({ HF_ENDPOINT: endpoint, HF_HUB_CACHE: cache }), timeout: 1 }
	repository = hubRepository('datasets', 'a/b', 'main', settings, 'use a folder')
	told = []
	const { storage } = repository
	context = { endpoint, address: `${endpoint}/a/b`, id: 'a/b', commit, storage, timeout: 1, fetch, onProgress }
})

/** Answers requests whose path holds this text. */
function instead(path: string, answer: (response: ServerResponse) => void): void {
	content.instead = ({ url, method }, response) => {
		const own = url?.includes(path) === true && method !== 'HEAD'
		if (own) answer(response)
		return own
	}
}

/** Sends pieces as fast as they are taken, without an end. @returns Bytes sent so far. */
function endless(response: ServerResponse, piece: Uint8Array | string = 'x'.repeat(1 << 16)): () => number {
	let sent = 0
	const send = () => {
		while (!response.destroyed && response.write(piece)) sent += piece.length
	}
	response.on('drain', send)
	send()
	return () => sent
}

const blobs = () => readdir(join(context.storage, 'blobs')).catch(() => [])
const listing = () =>
	throughCache(
		repository,
		settings,
		() => fetchListing(repository, settings, onProgress),
		async () => undefined,
	)

describe('a download that never ends', () => {
	it.each(['downloadToCache', 'downloadResumably'] as const)(
		'stops %s after the size that was announced',
		async (which) => {
			let sent = () => 0
			content.instead = ({ url, method }, response) => {
				if (url !== '/a.bin' || method === 'HEAD') return false
				response.writeHead(200)
				sent = endless(response)
				return true
			}
			const work = which === 'downloadToCache' ? downloadToCache('a.bin', context) : downloadResumably(listed, context)
			await expect(work).rejects.toThrow(/continues past the 861 bytes that http.* announced|longer than the 861 bytes/)
			expect((await blobs()).filter((name) => !name.endsWith('.naptune-part'))).toEqual([])
			// What the sockets between hold, and no more.
			expect(sent()).toBeLessThan(64 * 2 ** 20)
			expect(told.every(({ received }) => received <= 861)).toBe(true)
		},
	)

	it('stops where a small body is decompressed without an end', async () => {
		const bomb = zlib.gzipSync(new Uint8Array(2 ** 28))
		content.instead = ({ url, method }, response) => {
			if (url !== '/a.bin' || method === 'HEAD') return false
			response.writeHead(200, { 'content-encoding': 'gzip' })
			response.end(bomb)
			return true
		}
		const before = process.memoryUsage.rss()
		await expect(downloadToCache('a.bin', context)).rejects.toThrow(/continues past the 861 bytes/)
		await expect(downloadResumably(listed, context)).rejects.toThrow(/longer than the 861 bytes/)
		expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 27)
		expect(await blobs()).toEqual([expect.stringMatching(/naptune-part$/)])
	})

	it('stops after 64 MiB where no size was announced', async () => {
		content.instead = ({ method }, response) => {
			response.setHeader('etag', '"x-1"')
			if (method === 'HEAD') response.writeHead(200, { 'transfer-encoding': 'chunked' }).end()
			else endless(response.writeHead(200))
			return true
		}
		await expect(downloadToCache('b.json', context)).rejects.toThrow(
			/continues past 67108864 bytes, and .* does not give/,
		)
		expect(await blobs()).toEqual([])
	})
})

describe('a hub that lets wait', () => {
	it('is given up, with progress meanwhile', async () => {
		content.instead = () => true
		await expect(listing()).rejects.toThrow(/nothing arrived in 1 s.*HF_ENDPOINT; HF_HUB_DOWNLOAD_TIMEOUT/)
		await expect(downloadToCache('a.bin', context)).rejects.toThrow(/nothing arrived in 1 s/)
		expect(told.map(({ file }) => file)).toEqual(expect.arrayContaining(['the list of files of a/b', 'a.bin']))
		expect(told.every(({ waiting }) => waiting! > 0)).toBe(true)
	})

	it.each(['downloadToCache', 'downloadResumably'] as const)('in the middle of %s', async (which) => {
		content.instead = ({ url, method }, response) => {
			if (url !== '/a.bin' || method === 'HEAD') return false
			response.writeHead(200).write(bytes.subarray(0, 100))
			return true
		}
		const work = which === 'downloadToCache' ? downloadToCache('a.bin', context) : downloadResumably(listed, context)
		await expect(work).rejects.toThrow(/nothing arrived in 1 s/)
		expect(told.some(({ received, waiting }) => received === 100 && waiting !== undefined)).toBe(true)
	})

	it('is silent too when it sends a byte now and then', async () => {
		content.instead = (_, response) => {
			response.writeHead(200, { 'content-type': 'application/json' })
			const timer = setInterval(() => response.write(' '), 100)
			response.on('close', () => clearInterval(timer))
			return true
		}
		await expect(listing()).rejects.toThrow(/nothing arrived in 1 s/)
	})

	it('is left at once by whoever follows the progress', async () => {
		content.instead = () => true
		context = {
			...context,
			timeout: 60,
			onProgress: () => {
				throw new Error('Stopped.')
			},
		}
		const start = performance.now()
		await expect(downloadToCache('a.bin', context)).rejects.toThrow('Stopped.')
		expect(performance.now() - start).toBeLessThan(5000)
	})
})

describe('an answer of the API', () => {
	it.each(['/revision/', '/tree/'])('without an end is refused: %s', async (path) => {
		let sent = () => 0
		instead(path, (response) => {
			response.writeHead(200, { 'content-type': 'application/json' }).write('[')
			sent = endless(response)
		})
		await expect(listing()).rejects.toThrow(/its answer is endless \(more than 8 MiB/)
		expect(sent()).toBeLessThan(128 * 2 ** 20)
	})

	it('that grows without an end when it is decompressed is refused', async () => {
		const bomb = zlib.brotliCompressSync(Buffer.alloc(2 ** 28, ' '), {
			params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 },
		})
		instead('/revision/', (response) => {
			response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'br' }).end(bomb)
		})
		await expect(listing()).rejects.toThrow(/its answer is endless/)
	})

	it('that lists pages without an end is refused', async () => {
		const page = JSON.stringify(
			Array.from({ length: 20_000 }, (_, at) => ({ type: 'file', path: `${at}`, size: 1, oid: '0'.repeat(40) })),
		)
		instead('/tree/', (response) => {
			response.setHeader('link', `<${server.endpoint}/api/datasets/a/b/tree/${commit}?cursor=1>; rel="next"`)
			response.writeHead(200, { 'content-type': 'application/json' }).end(page)
		})
		await expect(listing()).rejects.toThrow(/keeps listing files of a\/b, more than 1000000 so far/)
	})

	it.each(['text/html; charset=utf-8', 'application/json'])(
		'that is a web page names HF_ENDPOINT: %s',
		async (type) => {
			content.instead = (_, response) => {
				response.writeHead(200, { 'content-type': type })
				response.end('<!DOCTYPE html><html><head><title>Café Wi-Fi: sign in</title></head></html>')
				return true
			}
			const error: unknown = await listing().catch((error: unknown) => error)
			expect(error).toBeInstanceOf(NaptuneError)
			expect((error as Error).message).toMatch(
				/^Cannot fetch a\/b from http\S+ \(a web page came back \("Café Wi-Fi: sign in"\) instead of the hub's data\).*sign in first.*HF_ENDPOINT\. Or use a folder\.$/,
			)
		},
	)

	it('that is a web page instead of a file names HF_ENDPOINT', async () => {
		content.instead = (_, response) => {
			response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')
			return true
		}
		await expect(downloadToCache('a.bin', context)).rejects.toThrow(/a web page came back.*HF_ENDPOINT/)
		await expect(downloadResumably(listed, context)).rejects.toThrow(/a web page came back.*HF_ENDPOINT/)
	})

	it.each([
		['', /its answer is empty/],
		['Hello', /its answer is not JSON: "Hello"/],
		['null', /does not have the form of a hub/],
		['[]', /does not have the form of a hub/],
		['{"sha": 7}', /does not have the form of a hub.*sha/s],
		[`${'['.repeat(1e6)}${']'.repeat(1e6)}`, /does not have the form of a hub/],
		['{"sha": "../../../x"}', /invalid commit for a\/b: "\.\.\/\.\.\/\.\.\/x"/],
	])('%#: of another form is refused', async (text, message) => {
		instead('/revision/', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(text))
		await expect(listing()).rejects.toThrow(message)
		await expect(listing()).rejects.toMatchObject({ name: 'NaptuneError' })
	})

	it.each(['null', '{"error": {"a": 1}}', 'no JSON', 'x'.repeat(10 ** 6)])(
		'that refuses is told in short: %#',
		async (text) => {
			content.instead = (_, response) => {
				response.writeHead(500, { 'content-type': 'application/json' }).end(text)
				return true
			}
			const error: unknown = await listing().catch((error: unknown) => error)
			expect(error).toBeInstanceOf(NaptuneError)
			expect((error as Error).message).toMatch(/Cannot fetch .*: the hub answered 500\. URL: /)
			expect((error as Error).message.length).toBeLessThan(1000)
		},
	)
})

it.each(['http://[', 'http://', '\\\\'])('a redirection to no address is refused: %s', async (location) => {
	content.instead = (_, response) => {
		response.writeHead(302, { location }).end()
		return true
	}
	await expect(downloadToCache('a.bin', context)).rejects.toMatchObject({ name: 'NaptuneError' })
})

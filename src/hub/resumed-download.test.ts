import { createHash } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import type { DownloadContext } from './hub-download.js'
import { type HubContent, startHub } from './hub-server.test.helper.js'
import { downloadResumably, isCached, type ListedFile } from './resumed-download.js'

const commit = '0123456789abcdef0123456789abcdef01234567'
const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => (Math.imul(at + 1, 2654435761) >>> 13) & 255)
const fingerprint = createHash('sha256').update(bytes).digest('hex')
const file: ListedFile = { path: 'a b/c#.bin', size: bytes.length, fingerprint }

let content: HubContent
let context: DownloadContext
let requests: readonly string[]
let blob: string
let received: number[]

beforeEach(async () => {
	content = { id: 'a/b', commit, files: { [file.path]: bytes }, corrupted: new Map(), brokenAfter: new Map() }
	const hub = await startHub(content)
	requests = hub.requests
	const storage = await temporaryFolder()
	blob = join(storage, 'blobs', fingerprint)
	received = []
	const { endpoint } = hub
	const onProgress = (now: { received: number }) => received.push(now.received)
	context = {
		endpoint,
		address: `${endpoint}/datasets/a/b`,
		id: 'a/b',
		commit,
		storage,
		fetch,
		timeout: 30,
		onProgress,
	}
})

const stored = () => readFile(join(context.storage, 'snapshots', commit, file.path))

it('asks for the rest of what was cut', async () => {
	content.brokenAfter.set(file.path, 100_000)
	await expect(downloadResumably(file, context)).rejects.toThrow(/ended after \d+ of 300000 bytes. Try again/)
	expect(await isCached(file, context.storage, commit)).toBe(false)
	content.brokenAfter.clear()
	// As much as arrived before the connection broke.
	const { size } = await stat(`${blob}.naptune-part`)
	expect(size).toBe(received.at(-1))
	received.length = 0
	await downloadResumably(file, context)
	expect([received[0], received.at(-1)]).toEqual([size, bytes.length])
	expect(size).toBeLessThanOrEqual(100_000)
	expect(Buffer.compare(await stored(), bytes)).toBe(0)
	expect(await isCached(file, context.storage, commit)).toBe(true)
	const before = requests.length
	await downloadResumably(file, context)
	expect(requests.length).toBe(before)
})

it('takes the whole file from a host that knows no ranges', async () => {
	await downloadResumably(file, { ...context, commit })
	await writeFile(blob, bytes.subarray(0, 10))
	await writeFile(`${blob}.naptune-part`, bytes.subarray(0, 70_000))
	content.withoutRanges = true
	received.length = 0
	await downloadResumably(file, context)
	expect(received[0]).toBe(0)
	expect(Buffer.compare(await stored(), bytes)).toBe(0)
})

it('starts anew after a part that was damaged, or is too long', async () => {
	await downloadResumably(file, context)
	for (const part of [new Uint8Array(70_000), new Uint8Array(400_000)]) {
		await writeFile(blob, '')
		await writeFile(`${blob}.naptune-part`, part)
		if (part.length < bytes.length) {
			await expect(downloadResumably(file, context)).rejects.toThrow(/c#\.bin is damaged: its fingerprint/)
		}
		await downloadResumably(file, context)
		expect(Buffer.compare(await stored(), bytes)).toBe(0)
	}
})

it('may be asked for twice at once', async () => {
	await Promise.all([downloadResumably(file, context), downloadResumably(file, context)])
	expect(Buffer.compare(await stored(), bytes)).toBe(0)
	expect(await readdir(join(context.storage, 'blobs'))).toEqual([fingerprint])
})

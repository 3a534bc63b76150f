import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { pushExport } from './push.js'

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
	const parts: Buffer[] = []
	for await (const part of request) parts.push(part as Buffer)
	return Buffer.concat(parts)
}

/** A hub as far as a push needs one: it keeps what it is sent, and takes it from whoever holds the token. */
async function localHub({ exists = false } = {}) {
	const files = new Map<string, string>()
	const stored = new Map<string, Buffer>()
	const asked: string[] = []
	const server = createServer(async (request, response) => {
		const { pathname } = new URL(request.url ?? '/', 'http://localhost')
		const body = await bodyOf(request)
		asked.push(`${request.method} ${pathname}`)
		const answer = (status: number, value: unknown) => {
			response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
		}
		if (request.method === 'PUT') {
			stored.set(pathname.slice('/store/'.length), body)
			response.writeHead(200).end()
			return
		}
		if (request.headers.authorization !== 'Bearer hf_right') return answer(401, { error: 'Invalid credentials' })
		const { host } = request.headers
		if (pathname === '/api/repos/create') {
			return exists
				? answer(409, { error: 'You already created this repo' })
				: answer(200, { url: `http://${host}/own/robust` })
		}
		if (pathname.endsWith('/preupload/main')) {
			const { files: given } = JSON.parse(body.toString()) as { files: { path: string }[] }
			return answer(200, {
				files: given.map(({ path }) => ({ path, uploadMode: path.endsWith('.onnx') ? 'lfs' : 'regular' })),
			})
		}
		if (pathname.endsWith('/info/lfs/objects/batch')) {
			const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] }
			return answer(200, {
				transfer: 'basic',
				objects: objects.map((object) => ({
					...object,
					actions: { upload: { href: `http://${host}/store/${object.oid}` } },
				})),
			})
		}
		if (pathname.endsWith('/commit/main')) {
			for (const line of body.toString().trim().split('\n')) {
				const { key, value } = JSON.parse(line) as {
					key: string
					value: { path: string; content: string; oid: string }
				}
				if (key === 'file') files.set(value.path, Buffer.from(value.content, 'base64').toString())
				if (key === 'lfsFile') files.set(value.path, stored.get(value.oid)?.toString() ?? 'missing')
			}
			return answer(200, { commitOid: 'c0ffee', commitUrl: `http://${host}/own/robust/commit/c0ffee`, hookOutput: '' })
		}
		answer(404, { error: 'Not found' })
	})
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
	onTestFinished(() => {
		server.close()
		server.closeAllConnections()
	})
	return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, files, stored, asked }
}

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
	const folder = await temporaryFolder()
	await mkdir(join(folder, 'onnx'))
	for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
	return folder
}

const content = { 'README.md': '# a card', '.gitattributes': '*.onnx filter=lfs\n', 'onnx/model.onnx': 'many weights' }

it.each([false, true])('pushes every file in one commit, where the repository exists: %s', async (exists) => {
	const hub = await localHub({ exists })
	const folder = await folderWith(content)
	const settings = { endpoint: hub.endpoint, token: 'hf_right', offline: false }
	const pushed = await pushExport(folder, Object.keys(content), 'own/robust', settings)
	expect(pushed).toEqual({ url: `${hub.endpoint}/own/robust`, commit: 'c0ffee' })
	expect(Object.fromEntries(hub.files)).toEqual(content)
	const weights = createHash('sha256').update('many weights').digest('hex')
	expect([...hub.stored.keys()]).toEqual([weights])
	expect(hub.asked.filter((one) => one.includes('/commit/'))).toHaveLength(1)
})

it('says what is wrong where the hub refuses, is gone, or may not be asked', async () => {
	const hub = await localHub()
	const folder = await folderWith(content)
	const names = Object.keys(content)
	const settings = { endpoint: hub.endpoint, token: 'hf_wrong', offline: false }
	await expect(pushExport(folder, names, 'own/robust', settings)).rejects.toMatchObject({
		code: 'NAP_HUB_REFUSED',
		message: expect.stringMatching(/is in .*no right to write.*hf upload own\/robust/),
	})
	await expect(
		pushExport(folder, names, 'own/robust', { ...settings, endpoint: 'http://127.0.0.1:9' }),
	).rejects.toMatchObject({ code: 'NAP_HUB_UNREACHABLE' })
	const { token: _, ...without } = settings
	await expect(pushExport(folder, names, 'own/robust', without)).rejects.toThrow(/HF_TOKEN/)
	await expect(pushExport(folder, names, 'own/robust', { ...settings, offline: true })).rejects.toThrow(
		/HF_HUB_OFFLINE/,
	)
	for (const wrong of ['robust', 'own/../robust', 'https://host/own/robust']) {
		await expect(pushExport(folder, names, wrong, settings)).rejects.toThrow(/is not a repository of the hub/)
	}
	expect(hub.files.size).toBe(0)
})

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at } from '../../core/at.js'
import { runCli, runJson, startCli, writeTinyRun } from '../cli.test.helper.js'

let folder: string
let run: string
let photos: string[]
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-serve-'))
	run = await writeTinyRun(folder)
	const names = (await readdir(join(folder, 'photos'), { recursive: true })).filter((name) => name.endsWith('.png'))
	photos = names.sort().map((name) => join(folder, 'photos', name))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const serve = (...more: readonly string[]) =>
	startCli(['serve', run, '--port', '0', '--threads', '1', '--log', 'json', ...more])

interface Line {
	readonly time: string
	readonly event: string
	readonly url: string
	readonly status: number
	readonly path: string
}

/** The lines of the log; others are for people. */
function linesOf(stderr: string): Line[] {
	return stderr
		.split('\n')
		.filter((line) => line.startsWith('{'))
		.map((line): Line => JSON.parse(line))
}

/** Where it serves, once it is ready. */
async function readyUrl(server: ReturnType<typeof startCli>): Promise<string> {
	let text = ''
	server.process.stderr?.on('data', (more: string) => {
		text += more
	})
	await server.until('"event":"ready"')
	const found = linesOf(text).find(({ event }) => event === 'ready')
	if (!found) throw new Error(`No line says that the server is ready:\n${text}`)
	return found.url
}

interface Classified {
	readonly images: readonly { readonly classes: unknown; readonly refinement: Record<string, unknown> }[]
}

describe('naptune serve', () => {
	it('answers as naptune classify does, bit for bit, and loses nothing when SIGTERM comes under load', async () => {
		const { document } = await runJson(['classify', ...photos, '--run', run, '--top', '3', '--threads', '1'])
		const expected = (document as Classified).images.map(({ classes, refinement }) => {
			const { correction, heavilyCorrected } = refinement as { correction: object; heavilyCorrected: boolean }
			return { classes, correction: { ...correction, flagged: heavilyCorrected } }
		})
		const bodies = await Promise.all(photos.map((path) => readFile(path)))
		const server = serve('--batch-size', '4', '--json')
		const url = await readyUrl(server)
		let answered = 0
		let refused = 0
		let stopping = false
		const client = async (number: number) => {
			for (let turn = 0; !stopping || turn === 0; turn++) {
				const own = (number + turn) % bodies.length
				const response = await fetch(`${url}/v1/classify?top=3`, {
					method: 'POST',
					body: Uint8Array.from(at(bodies, own)),
					headers: { 'Content-Type': 'image/png' },
				}).catch(() => undefined)
				if (!response) {
					refused++
					return
				}
				// An answer that began is whole and right.
				const { images } = (await response.json()) as { images: unknown[] }
				expect(response.status).toBe(200)
				expect(images).toStrictEqual([at(expected, own)])
				answered++
				if (answered === 24) server.process.kill('SIGTERM')
			}
		}
		const clients = Array.from({ length: 8 }, (_, number) => client(number))
		const { code, stdout, stderr } = await server.finished
		stopping = true
		await Promise.all(clients)
		expect(code, stderr).toBe(0)
		const summary = JSON.parse(stdout)
		const taken = linesOf(stderr).filter(({ event, path }) => event === 'request' && path === '/v1/classify')
		expect(taken.every(({ status }) => status === 200)).toBe(true)
		// Whatever was taken in was answered, and its answer arrived.
		expect(taken.length).toBe(answered)
		expect(summary).toMatchObject({ url, requests: answered, images: answered, cut: 0 })
		expect(answered).toBeGreaterThanOrEqual(24)
		expect(refused).toBeLessThanOrEqual(8)
		// Two commands start one after the other, which takes long where other work has the machine.
	}, 240_000)

	it('keeps its token out of its log and its help', async () => {
		const server = startCli(['serve', run, '--port', '0', '--threads', '1', '--log', 'text'], {
			env: { NAPTUNE_SERVE_TOKEN: 'a-secret-token' },
		})
		await server.until('Ctrl-C stops it')
		server.process.kill('SIGINT')
		const { code, stderr, stdout } = await server.finished
		expect(code).toBe(0)
		expect(stdout).toMatch(/^Served 0 requests with 0 images at http:\/\/127\.0\.0\.1:\d+\.\n$/)
		expect(stderr).toContain('Serving nap with 3 classes at http://127.0.0.1:')
		expect(stderr).not.toContain('a-secret-token')
		const { stdout: help } = await runCli(['serve', '--help'], { env: { NAPTUNE_SERVE_TOKEN: 'a-secret-token' } })
		expect(help).not.toContain('a-secret-token')
	})

	it('warns where everybody may use it', async () => {
		const server = serve('--host', '0.0.0.0')
		await server.until('"event":"ready"')
		server.process.kill('SIGTERM')
		const notes = linesOf((await server.finished).stderr).filter(({ event }) => event === 'note')
		expect(JSON.stringify(notes)).toContain('--token restricts access')
	})

	it.each([
		['no run', ['serve', 'none'], 1, /none holds no tuning run/],
		['no address', ['serve', 'none', '--host', '999.0.0.1', '--port', '0'], 1, /cannot listen on 999\.0\.0\.1/],
		['no time', ['serve', 'none', '--grace', '0'], 2, /above 0/],
	])('says what is wrong with %s', async (_, args, expected, message) => {
		const { code, stderr } = await runCli(args, { cwd: folder })
		expect(code, stderr).toBe(expected)
		expect(stderr).toMatch(message)
	})
})

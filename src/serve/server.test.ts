import { type ClientRequest, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { createEngine } from '../runtime/index.js'
import {
	type ClassifyAnswer,
	classifyAnswerSchema,
	errorAnswerSchema,
	modelAnswerSchema,
	stateAnswerSchema,
} from './api-schemas.js'
import type { ServerOptions } from './server.js'
import { type Bench, createBench, servedBench, startServer, type TestServer } from './server.test.support.js'

let bench: Bench
beforeAll(async () => {
	bench = await createBench()
})
afterAll(() => bench.close())

/** A server that is stopped when the test ends. */
async function server(options: Partial<ServerOptions> = {}): Promise<TestServer> {
	const started = await startServer(bench, options)
	onTestFinished(async () => {
		await started.stop()
	})
	return started
}

/** What the server should answer for a picture. */
function expectedImage(index: number, top = 3) {
	const { classes, refinement } = at(bench.expected, index)
	const correction = { ...refinement?.correction, flagged: refinement?.heavilyCorrected }
	return { classes: classes.slice(0, top), correction }
}

async function problemOf(response: Response) {
	const { error } = errorAnswerSchema.strict().parse(await response.json())
	expect(error.requestId).toBe(response.headers.get('X-Request-Id'))
	return { status: response.status, code: error.code, message: error.message }
}

/** A whole PNG of one bit per pixel. */
function blackPng(side: number): Uint8Array<ArrayBuffer> {
	const chunk = (type: string, data: Uint8Array) => {
		const body = Buffer.concat([Buffer.from(type), data])
		const frame = Buffer.alloc(8)
		frame.writeUInt32BE(data.length, 0)
		frame.writeUInt32BE(crc32(body), 4)
		return [frame.subarray(0, 4), body, frame.subarray(4)]
	}
	const header = Buffer.alloc(13)
	header.writeUInt32BE(side, 0)
	header.writeUInt32BE(side, 4)
	header[8] = 1
	const pixels = deflateSync(new Uint8Array(side * (1 + Math.ceil(side / 8))), { level: 1 })
	const start = Buffer.from('89504e470d0a1a0a', 'hex')
	return Uint8Array.from(
		Buffer.concat([start, ...chunk('IHDR', header), ...chunk('IDAT', pixels), ...chunk('IEND', new Uint8Array())]),
	)
}

/** The checksum of PNG. */
function crc32(bytes: Uint8Array): number {
	let crc = 0xffffffff
	for (const byte of bytes) {
		crc ^= byte
		for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
	}
	return (crc ^ 0xffffffff) >>> 0
}

/** Bytes on a bare connection, and what comes back until it is closed. */
function bare(url: string): { readonly socket: Socket; readonly closed: Promise<string> } {
	const { hostname, port } = new URL(url)
	const socket = connect(Number(port), hostname)
	const chunks: Buffer[] = []
	const closed = new Promise<string>((resolve) => {
		socket.on('data', (chunk) => chunks.push(chunk))
		socket.on('error', () => {})
		socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
	})
	return { socket, closed }
}

const head = (length: number, more = '') =>
	`POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: ${length}\r\n${more}\r\n`

/** Waits until the condition holds. @throws when it never does. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
	for (let tries = 0; tries < 400; tries++) {
		if (await condition()) return
		await wait(10)
	}
	throw new Error('The condition never held.')
}

const underWay = async ({ url }: TestServer) =>
	stateAnswerSchema.parse(await (await fetch(`${url}/healthz`)).json()).requests

describe('the server', () => {
	it('answers every form of request as the job classify does', async () => {
		const { url, post } = await server()
		const raw = await post(new Blob([at(bench.pictures, 0)]), 'image/png', { query: '?top=2' })
		expect(raw.status).toBe(200)
		const answer = classifyAnswerSchema.strict().parse(await raw.json())
		expect(answer.images).toStrictEqual([expectedImage(0, 2)])
		expect(answer.meaning).toContain('an attacker who knows it can evade it')

		const form = new FormData()
		for (const index of [3, 4, 5]) form.append('image', new Blob([at(bench.pictures, index)]), `${index}.png`)
		const several: ClassifyAnswer = await (await post(form)).json()
		expect(several.images).toStrictEqual([3, 4, 5].map((index) => ({ name: `${index}.png`, ...expectedImage(index) })))

		const images = [6, 7].map((index) => Buffer.from(at(bench.pictures, index)).toString('base64'))
		const json: ClassifyAnswer = await (
			await post(JSON.stringify({ images, correction: false }), 'application/json')
		).json()
		expect(json).toStrictEqual({ images: [6, 7].map((index) => ({ classes: expectedImage(index).classes })) })

		const model = modelAnswerSchema.strict().parse(await (await fetch(`${url}/v1/model`)).json())
		expect(model).toMatchObject({ method: 'nap', classNames: ['cat', 'dog', 'ship'], openVocabulary: true })
		expect(JSON.stringify(model)).not.toContain('/tmp')
	})

	it('tells apart the classes that a request brings', async () => {
		const { post } = await server()
		const picture = () => new Blob([at(bench.pictures, 1)])
		const classes = ['fog', 'a red bicycle', 'sea']
		const query = `?${classes.map((name) => `classes=${encodeURIComponent(name)}`).join('&')}`
		const { images }: ClassifyAnswer = await (await post(picture(), 'image/jpeg', { query })).json()
		expect(images[0]?.classes.map(({ className }) => className).sort()).toEqual([...classes].sort())
		expect(images[0]?.correction).toEqual(expectedImage(1).correction)
		const same = await post(picture(), 'image/jpeg', { query: '?classes=hot_dog&classes=hot+dog' })
		expect(await problemOf(same)).toMatchObject({ status: 422, code: 'NAP_INPUT_UNSUITABLE' })
		const long = await post(picture(), 'image/jpeg', { query: `?classes=a&classes=${'word+'.repeat(38)}` })
		expect(await problemOf(long)).toMatchObject({ status: 422, code: 'NAP_TEXT_UNSUITABLE' })
	})

	it('refuses what is no picture, by name, and goes on', async () => {
		const { post } = await server()
		const text = await problemOf(await post('This is a text, not a JPEG.', 'image/jpeg'))
		expect(text).toMatchObject({ status: 422, code: 'NAP_IMAGE_DAMAGED' })
		const whole = at(bench.pictures, 1)
		const half = await problemOf(await post(new Blob([whole.subarray(0, whole.length / 2)]), 'image/jpeg'))
		expect(half).toMatchObject({ status: 422, code: 'NAP_IMAGE_DAMAGED' })
		const form = new FormData()
		form.append('image', new Blob([whole]), 'good.jpg')
		form.append('image', new Blob(['bad']), 'bad.jpg')
		expect((await problemOf(await post(form))).message).toMatch(/^Image 2 \("bad.jpg"\) /)
		const { images }: ClassifyAnswer = await (await post(new Blob([whole]), 'image/jpeg')).json()
		expect(images).toStrictEqual([expectedImage(1)])
	})

	it('refuses a picture of 10,000 x 10,000 pixels before it is decoded', async () => {
		const { post } = await server()
		const bomb = blackPng(10_000)
		expect((await sharp(bomb, { limitInputPixels: false }).metadata()).width).toBe(10_000)
		expect(bomb.length).toBeLessThan(200_000)
		const start = performance.now()
		const found = await problemOf(await post(new Blob([bomb]), 'image/png'))
		expect(found).toMatchObject({ status: 422, code: 'NAP_INPUT_UNSUITABLE' })
		expect(found.message).toContain('10000 x 10000 pixels, more than the limit of 1000000')
		expect(performance.now() - start).toBeLessThan(5000)
	})

	it('refuses bodies that are too large, whether or not they say so', async () => {
		const started = await server()
		const { post, url } = started
		const large = new Uint8Array(200_001)
		expect(await problemOf(await post(large, 'image/png'))).toMatchObject({
			status: 413,
			code: 'NAP_REQUEST_TOO_LARGE',
		})
		const status = await new Promise<number | undefined>((resolve) => {
			const sent: ClientRequest = request(`${url}/v1/classify`, { method: 'POST' }, (response) => {
				resolve(response.statusCode)
				sent.destroy()
			})
			sent.on('error', () => {})
			sent.setHeader('Content-Type', 'image/png')
			for (let part = 0; part < 5; part++) sent.write(new Uint8Array(60_000))
			sent.end()
		})
		expect(status).toBe(413)
		await until(async () => (await underWay(started)) === 0)
	})

	it('says 404, 405, 415 and 400 where it should', async () => {
		const { url, post } = await server()
		expect(await problemOf(await fetch(`${url}/v1/none`))).toMatchObject({ status: 404 })
		const wrong = await fetch(`${url}/v1/classify`)
		expect(wrong.headers.get('Allow')).toBe('POST')
		expect(await problemOf(wrong)).toMatchObject({ status: 405 })
		expect(await problemOf(await post('x', 'text/html'))).toMatchObject({ status: 415 })
		expect(await problemOf(await post('{', 'application/json'))).toMatchObject({ status: 400 })
	})

	it('keeps the id of a request where it is one, and logs it', async () => {
		const { url, events } = await server()
		const ask = async (id: string) =>
			(await fetch(`${url}/healthz`, { headers: { 'X-Request-Id': id } })).headers.get('X-Request-Id')
		expect(await ask('abc-1')).toBe('abc-1')
		expect(await ask('not an id; <b>')).toMatch(/^[0-9a-f-]{36}$/)
		expect(events).toContainEqual(expect.objectContaining({ event: 'request', id: 'abc-1', status: 200 }))
	})

	it('counts for Prometheus', async () => {
		const { url, post } = await server()
		await post(new Blob([at(bench.pictures, 0)]), 'image/png')
		await post('x', 'text/html')
		const response = await fetch(`${url}/metrics`)
		expect(response.headers.get('Content-Type')).toMatch(/^text\/plain/)
		const text = await response.text()
		expect(text).toContain('naptune_requests_total{route="/v1/classify",status="200"} 1')
		expect(text).toContain('naptune_requests_total{route="/v1/classify",status="415"} 1')
		expect(text).toMatch(/^naptune_images_total 1$/m)
		expect(text).toMatch(/^naptune_ready 1$/m)
		expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
	})
})

describe('whoever asks', () => {
	it('needs the token, where there is one, for all but the state of the server', async () => {
		const { url, post } = await server({ token: 'a-good-token' })
		const image = () => new Blob([at(bench.pictures, 0)])
		for (const authorization of [
			undefined,
			'Bearer wrong',
			'Basic a-good-token',
			'a-good-token',
			'Bearer a-good-token x',
		]) {
			const headers = authorization === undefined ? {} : { Authorization: authorization }
			const refused = await post(image(), 'image/png', { headers })
			expect(refused.headers.get('WWW-Authenticate')).toMatch(/^Bearer/)
			expect([400, 401]).toContain(refused.status)
			expect(await problemOf(refused)).toMatchObject({ code: 'NAP_REQUEST_REFUSED' })
			expect((await fetch(`${url}/v1/model`, { headers })).ok).toBe(false)
			expect((await fetch(`${url}/metrics`, { headers })).ok).toBe(false)
		}
		const headers = { Authorization: 'Bearer a-good-token' }
		expect((await post(image(), 'image/png', { headers })).status).toBe(200)
		for (const path of ['/healthz', '/readyz', '/openapi.json', '/']) {
			expect((await fetch(url + path)).status, path).toBe(200)
		}
	})

	it('must mean this server: no page of another site may use it, and no foreign name lead to it', async () => {
		const { url } = await server({ allowOrigin: ['https://friend.example'] })
		const get = (headers: Record<string, string>) =>
			new Promise<{ status: number | undefined; allowed: unknown }>((resolve, reject) => {
				request(`${url}/v1/model`, { headers }, (response) => {
					response.resume()
					resolve({ status: response.statusCode, allowed: response.headers['access-control-allow-origin'] })
				})
					.on('error', reject)
					.end()
			})
		expect((await get({})).status).toBe(200)
		expect((await get({ Host: 'localhost:1' })).status).toBe(200)
		expect((await get({ Host: 'evil.example' })).status).toBe(403)
		expect((await get({ Origin: 'https://evil.example' })).status).toBe(403)
		expect((await get({ Origin: url })).status).toBe(200)
		expect(await get({ Origin: 'https://friend.example' })).toEqual({ status: 200, allowed: 'https://friend.example' })
	})
})

describe('under load', () => {
	it('answers everything rightly or with 429 and Retry-After, never more than the queue holds', async () => {
		const started = await server({ queue: 6, batchSize: 4 })
		const answered = await Promise.all(
			Array.from({ length: 60 }, async (_, index) => {
				const own = index % bench.pictures.length
				const response = await started.post(new Blob([at(bench.pictures, own)]), 'image/png')
				if (response.status === 429) {
					expect(Number(response.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1)
					expect(await problemOf(response)).toMatchObject({ code: 'NAP_SERVER_BUSY' })
					return 429
				}
				const { images }: ClassifyAnswer = await response.json()
				expect(images).toStrictEqual([expectedImage(own)])
				return response.status
			}),
		)
		expect(new Set(answered)).toEqual(new Set([200, 429]))
		expect(await underWay(started)).toBe(0)
	})

	it('refuses more pictures in one request than the queue has room for', async () => {
		const { post } = await server({ queue: 2 })
		const form = new FormData()
		for (const index of [0, 1, 2]) form.append('image', new Blob([at(bench.pictures, index)]))
		expect(await problemOf(await post(form))).toMatchObject({ status: 429 })
	})

	it('works on what is left when clients leave, and keeps no place for them', async () => {
		const started = await server({ batchSize: 2, load: () => servedBench(bench, 40) })
		const controllers = Array.from({ length: 30 }, () => new AbortController())
		const outcomes = controllers.map(async ({ signal }, index) => {
			const own = index % bench.pictures.length
			const response = await started.post(new Blob([at(bench.pictures, own)]), 'image/png', { signal })
			const { images }: ClassifyAnswer = await response.json()
			expect(images).toStrictEqual([expectedImage(own)])
			return 'answered'
		})
		await until(async () => (await underWay(started)) >= 10)
		for (const [index, controller] of controllers.entries()) if (index % 2 === 0) controller.abort()
		const settled = await Promise.allSettled(outcomes)
		settled.forEach((outcome, index) => {
			if (index % 2 === 1) expect(outcome).toEqual({ status: 'fulfilled', value: 'answered' })
		})
		await until(async () => (await underWay(started)) === 0)
		const statuses = new Set(started.events.flatMap((event) => (event.event === 'request' ? [event.status] : [])))
		expect(statuses).toEqual(new Set([200, 499]))
	})
})

describe('slow and broken clients', () => {
	it('lose their connection, and hold no place', async () => {
		const started = await server({ requestTimeout: 1, queue: 3 })
		const half = bare(started.url)
		half.socket.write(`${head(1000)}half`)
		const gone = bare(started.url)
		gone.socket.write(`${head(1000)}half`)
		const loris = bare(started.url)
		loris.socket.write('POST /v1/classify HTTP/1.1\r\nHost: localhost\r\n')
		const drip = setInterval(() => loris.socket.write('X-A: b\r\n'), 100)
		await until(async () => (await underWay(started)) === 2)
		gone.socket.destroy()
		await until(async () => (await underWay(started)) === 1)
		expect(await half.closed).toMatch(/^(HTTP\/1.1 408 |$)/)
		expect(await loris.closed).toMatch(/^(HTTP\/1.1 408 |$)/)
		clearInterval(drip)
		await until(async () => (await underWay(started)) === 0)
		const { images }: ClassifyAnswer = await (await started.post(new Blob([at(bench.pictures, 2)]), 'image/png')).json()
		expect(images).toStrictEqual([expectedImage(2)])
	})

	it('get 400 for what is no HTTP', async () => {
		const { url } = await server()
		const { socket, closed } = bare(url)
		socket.write('HELLO\r\n\r\n')
		expect(await closed).toMatch(/^HTTP\/1.1 400 /)
	})
})

describe('the beginning and the end', () => {
	it('are told: not ready while the model is loaded', async () => {
		let url = ''
		const states: unknown[] = []
		const started = await startServer(bench, {
			onEvent(event) {
				if (event.event === 'listening') url = event.url
			},
			async load() {
				const ready = await fetch(`${url}/readyz`)
				states.push(ready.status, await ready.json(), (await fetch(`${url}/healthz`)).status)
				const early = await fetch(`${url}/v1/classify`, {
					method: 'POST',
					body: 'x',
					headers: { 'Content-Type': 'image/png' },
				})
				states.push(early.headers.get('Retry-After'), (await problemOf(early)).status)
				throw new NaptuneError('NAP_RUN_MISSING', 'there is no run')
			},
		}).catch((error: unknown) => error)
		expect(states).toEqual([503, { state: 'loading', requests: 0 }, 200, '2', 503])
		expect(started).toMatchObject({ code: 'NAP_RUN_MISSING' })
		await expect(fetch(url)).rejects.toThrow()
	})

	it('fail with a code where the address is taken', async () => {
		const { url } = await server()
		const port = Number(new URL(url).port)
		await expect(startServer(bench, { port })).rejects.toMatchObject({ code: 'NAP_ADDRESS_UNAVAILABLE' })
	})

	it('lose nothing that was taken in', async () => {
		const started = await startServer(bench, { batchSize: 2, load: () => servedBench(bench, 30) })
		const answers = Array.from({ length: 40 }, async (_, index) => {
			const own = index % bench.pictures.length
			const response = await started.post(new Blob([at(bench.pictures, own)]), 'image/png')
			const { images }: ClassifyAnswer = await response.json()
			expect(images).toStrictEqual([expectedImage(own)])
		})
		// All of them are in when the server is told to stop.
		await until(async () => (await underWay(started)) >= 20)
		const settled = Promise.allSettled(answers)
		const { requests, cut } = await started.stop()
		const lost = (await settled).filter(({ status }) => status === 'rejected').length
		const taken = started.events.filter((event) => event.event === 'request' && event.path === '/v1/classify')
		expect(cut).toBe(0)
		expect(taken.every((event) => event.event === 'request' && event.status === 200)).toBe(true)
		expect(taken.length + lost).toBe(40)
		expect(taken.length).toBeGreaterThanOrEqual(20)
		expect(requests).toBeGreaterThanOrEqual(taken.length)
		await expect(fetch(started.url)).rejects.toThrow()
	})

	it('come within the grace, also where a client never ends', async () => {
		const started = await startServer(bench, { grace: 0.5, requestTimeout: 60 })
		const { socket, closed } = bare(started.url)
		socket.write(`${head(1000)}half`)
		await until(async () => (await underWay(started)) === 1)
		const start = performance.now()
		expect((await started.stop()).cut).toBe(1)
		await closed
		expect(performance.now() - start).toBeLessThan(4000)
	})

	it('come with an error where the engine is gone', async () => {
		const engine = await createEngine({ threads: 1, spinning: false })
		const started = await startServer(bench, { load: () => servedBench({ ...bench, engine }) })
		const ended = started.ended.catch((error: unknown) => error)
		await engine.close()
		const found = await problemOf(await started.post(new Blob([at(bench.pictures, 0)]), 'image/png'))
		expect(found).toMatchObject({ status: 500, message: 'The server could not answer. Its log has the reason.' })
		expect(await ended).toMatchObject({ code: 'NAP_ENGINE_CLOSED' })
		const failures = started.events.filter(({ event }) => event === 'failed')
		expect(failures).toHaveLength(1)
		expect(started.events).toContainEqual(
			expect.objectContaining({ status: 500, error: expect.stringContaining('engine') }),
		)
	})

	it('come at once where only idle connections are left', async () => {
		const started = await startServer(bench)
		await fetch(`${started.url}/healthz`)
		const start = performance.now()
		expect(await started.stop()).toMatchObject({ cut: 0, requests: 1 })
		expect(performance.now() - start).toBeLessThan(2000)
	})
})

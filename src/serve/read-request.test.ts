import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HttpProblem } from './http-problem.js'
import { readClassifyRequest } from './read-request.js'

const limits = { bodyBytes: 1e6, images: 3, pixels: 1e6, classes: 4 }
const bytes = (text: string) => new Uint8Array(Buffer.from(text))

const read = (type: string | undefined, body: Uint8Array | string, query = '') =>
	readClassifyRequest(
		{
			type,
			bytes: new Uint8Array(typeof body === 'string' ? Buffer.from(body) : body),
			query: new URLSearchParams(query),
		},
		limits,
	)
const readJson = (value: unknown) => read('application/json; charset=utf-8', JSON.stringify(value))

async function readForm(entries: readonly (readonly [string, string | Blob, string?])[], query = '') {
	const form = new FormData()
	for (const [key, value, name] of entries) {
		if (typeof value === 'string') form.append(key, value)
		else form.append(key, value, name)
	}
	const sent = new Response(form)
	return read(sent.headers.get('Content-Type') ?? '', new Uint8Array(await sent.arrayBuffer()), query)
}

const defaults = { top: 5, correction: true }

describe('a request', () => {
	it('is one picture as it is, with options in the address', async () => {
		const request = await read('image/jpeg', 'JPEG', 'top=2&classes=cat&classes=a+dog,+big&correction=false')
		expect(request).toEqual({
			pictures: [{ bytes: bytes('JPEG') }],
			options: { top: 2, classes: ['cat', 'a dog, big'], correction: false },
		})
		expect((await read('application/octet-stream', 'x')).options).toEqual(defaults)
	})

	it('is a form with files, in their order, and options as fields', async () => {
		const request = await readForm([
			['classes', 'cat'],
			['image', new Blob(['one']), 'one.jpg'],
			['other', new Blob(['two']), 'zwei \u202egpj.jpg'],
			['classes', 'dog'],
			['top', '1'],
		])
		expect(request.pictures).toEqual([
			{ bytes: bytes('one'), name: 'one.jpg' },
			{ bytes: bytes('two'), name: 'zwei gpj.jpg' },
		])
		expect(request.options).toEqual({ ...defaults, top: 1, classes: ['cat', 'dog'] })
	})

	it('is JSON with base64, with or without names', async () => {
		const { pictures, options } = await readJson({
			images: [
				Buffer.from('one').toString('base64'),
				{ name: 'b.png', data: `data:image/png;base64,${Buffer.from('two').toString('base64')}` },
			],
			top: 3,
		})
		expect(pictures.map((one) => ({ ...one, bytes: Buffer.from(one.bytes).toString() }))).toEqual([
			{ bytes: 'one' },
			{ name: 'b.png', bytes: 'two' },
		])
		expect(options).toEqual({ ...defaults, top: 3 })
	})

	it.each([
		['no type', undefined, 'x', '', 415],
		['a type that is not read', 'text/plain', 'x', '', 415],
		['an empty body', 'image/png', '', '', 400],
		['JSON that is none', 'application/json', '{', '', 400],
		['JSON that is no text', 'application/json', Uint8Array.from([0xff, 0xfe]), '', 400],
		['options beside JSON', 'application/json', '{"images":["eHh4"]}', 'top=1', 400],
		['a form without its boundary', 'multipart/form-data', 'x', '', 400],
		[
			'a form that is cut off',
			'multipart/form-data; boundary=b',
			'--b\r\nContent-Disposition: form-data; name="a"',
			'',
			400,
		],
		['an unknown option', 'image/png', 'x', 'topp=1', 400],
		['an option twice', 'image/png', 'x', 'top=1&top=2', 400],
		['no number', 'image/png', 'x', 'top=1e3', 400],
		['nothing to name', 'image/png', 'x', 'top=0', 400],
		['too many classes', 'image/png', 'x', 'classes=a&classes=b&classes=c&classes=d&classes=e', 400],
		['one class', 'image/png', 'x', 'classes=a', 400],
		['an empty class', 'image/png', 'x', 'classes=a&classes=+', 400],
		['a class of many characters', 'image/png', 'x', `classes=a&classes=${'a'.repeat(201)}`, 400],
		['a line feed in a class', 'image/png', 'x', 'classes=a&classes=a%0Ab', 400],
		['an escape sequence in a class', 'image/png', 'x', 'classes=a&classes=a%1b[2J', 400],
		['a class that turns text around', 'image/png', 'x', `classes=a&classes=${encodeURIComponent('a\u202eb')}`, 400],
		['prototypes', 'application/json', '{"images":["eHh4"],"__proto__":{"top":1}}', '', 400],
	])('is refused with %s', async (_, type, body, query, status) => {
		const error = await read(type, body, query).catch((caught: unknown) => caught)
		expect(error).toBeInstanceOf(HttpProblem)
		expect(error).toMatchObject({ status, code: 'NAP_REQUEST_INVALID' })
		// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
		expect((error as Error).message).not.toMatch(/[\x1b\u202e]/)
	})

	it.each([['http://example.org/a.png'], ['/etc/passwd'], ['file:///etc/passwd'], ['abc'], ['ab=c'], ['']])(
		'follows no address and no path: %s',
		async (data) => {
			await expect(readJson({ images: [data] })).rejects.toMatchObject({ status: 400 })
		},
	)

	it('is refused with no file or with too many', async () => {
		await expect(readForm([['top', '1']])).rejects.toMatchObject({ status: 400 })
		const four = Array.from({ length: 4 }, (_, index) => ['image', new Blob(['x']), `${index}.png`] as const)
		await expect(readForm(four)).rejects.toMatchObject({ status: 413, code: 'NAP_REQUEST_TOO_LARGE' })
		await expect(readJson({ images: ['eHh4', 'eHh4', 'eHh4', 'eHh4'] })).rejects.toMatchObject({ status: 400 })
	})

	it('is read or refused whatever its bytes are', async () => {
		const type = fc.constantFrom('application/json', 'multipart/form-data; boundary=b', 'image/png', '', ';', 'image/')
		const body = fc.oneof(
			fc.uint8Array({ maxLength: 60 }),
			fc.json().map((text) => new Uint8Array(Buffer.from(text))),
			fc.string().map((text) => new Uint8Array(Buffer.from(`--b\r\n${text}\r\n--b--\r\n`))),
		)
		await fc.assert(
			fc.asyncProperty(type, body, fc.webQueryParameters(), async (type, bytes, query) => {
				try {
					const { pictures } = await read(type, bytes, query)
					expect(pictures.length).toBeGreaterThan(0)
				} catch (error) {
					expect(error).toBeInstanceOf(HttpProblem)
				}
			}),
			{ numRuns: 50 },
		)
	})
})

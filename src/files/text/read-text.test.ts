import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../temporary-folder.test.helper.js'
import { decodeUtf8, readTextFile } from './read-text.js'

const bytes = (...values: (number | string)[]) =>
	Buffer.concat(values.map((value) => (typeof value === 'string' ? Buffer.from(value) : Buffer.from([value]))))

describe('decodeUtf8', () => {
	it.each([
		['café €', bytes('café €')],
		['a', bytes(0xef, 0xbb, 0xbf, 'a')],
		['', bytes(0xef, 0xbb, 0xbf)],
		['\u{1f600}', bytes('\u{1f600}')],
	])('reads %j', (text, given) => {
		expect(decodeUtf8(given, 'It')).toBe(text)
	})

	it.each([
		[
			'Windows-1252',
			bytes('x\ncaf', 0xe9, ',dog'),
			'It is not UTF-8: byte 5 (counted from 0, in line 2) is 0xe9, which would be é in Windows-1252.',
		],
		['a cut sequence', bytes('a', 0xe2, 0x82), 'byte 1 (counted from 0, in line 1) is 0xe2'],
		['a spelling longer than needed', bytes(0xc0, 0x80), 'byte 0 '],
		['half of a surrogate pair', bytes('ab', 0xed, 0xa0, 0x80), 'byte 2 '],
		['beyond Unicode', bytes(0xf4, 0x90, 0x80, 0x80), 'byte 0 '],
		[
			'UTF-16 with a mark',
			Buffer.from('\ufeffab', 'utf16le'),
			'It is UTF-16 (little-endian), not UTF-8. Save it as UTF-8.',
		],
		['UTF-16 without one', Buffer.from('image,class', 'utf16le'), 'UTF-16 (little-endian)'],
		['big-endian UTF-16', Buffer.from('image,class', 'utf16le').swap16(), 'UTF-16 (big-endian)'],
	])('refuses %s', (_, given, message) => {
		expect(() => decodeUtf8(given, 'It')).toThrow(message)
	})

	it('finds the byte at which the platform gives up too', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 12 }), (given) => {
				const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(given)
				let message = ''
				try {
					decodeUtf8(given, 'It')
				} catch (error) {
					message = (error as Error).message
				}
				const at = /byte (\d+)/.exec(message)?.[1]
				if (at === undefined) return
				const before = Buffer.from(given.subarray(0, Number(at)))
				expect(text.startsWith(`${before.toString()}\ufffd`)).toBe(true)
			}),
			{ numRuns: 2000 },
		)
	})
})

it('says what is missing', async () => {
	const folder = await temporaryFolder()
	await writeFile(join(folder, 'list.txt'), '\ufeffa')
	expect(await readTextFile(join(folder, 'list.txt'))).toBe('a')
	await expect(readTextFile(join(folder, 'none.txt'), 'The list')).rejects.toThrow('The list is missing.')
	await expect(readTextFile(folder)).rejects.toThrow(/Cannot read .*: EISDIR/)
})

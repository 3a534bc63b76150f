import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { type PickleRules, readPickle } from './pickle.js'

const nothing: PickleRules = {
	allowed: () => false,
	call: () => undefined,
	persistent: () => undefined,
}
const read = (...parts: (string | number)[]) => {
	const bytes = Buffer.concat(
		parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part, 'latin1'))),
	)
	return readPickle(bytes, nothing, 'a.bin')
}

describe('readPickle', () => {
	it('reads plain data of protocols 2 and 4', () => {
		// pickle.dumps({'a': [1, 256, -1, 2**40, 1.5], 'b': (True, None, 'ü')}, protocol=2), byte by byte.
		const protocol2 =
			'\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01M\x00\x01J\xff\xff\xff\xff\x8a\x06\x00\x00\x00\x00\x00\x01' +
			'G?\xf8\x00\x00\x00\x00\x00\x00eX\x01\x00\x00\x00bq\x03\x88NX\x02\x00\x00\x00\xc3\xbcq\x04\x87q\x05u.'
		const expected = new Map<string, unknown>([
			['a', [1, 256, -1, 2 ** 40, 1.5]],
			['b', [true, null, 'ü']],
		])
		expect(read(protocol2)).toEqual(expected)
		// The same list twice, protocol 4: memoized once.
		expect(read('\x80\x04\x95\x0b\0\0\0\0\0\0\0', ']\x94(K\x01e\x94h\x00\x86\x94.')).toEqual([[1], [1]])
	})

	it('reads integers of any length', () => {
		expect(read('\x8a\x00.')).toBe(0)
		expect(read('\x8a\x01\xff.')).toBe(-1)
		expect(read('\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.')).toBe(2n ** 64n)
	})

	it.each([
		['GLOBAL', 'cos\nsystem\n(X\x02\x00\x00\x00lstR.', '"os.system"'],
		['STACK_GLOBAL', '\x8c\x02os\x8c\x06system\x93.', '"os.system"'],
		['a name of the prototype', 'c__proto__\ntoString\n.', '"__proto__.toString"'],
		['INST', '(ios\nsystem\n.', 'opcode 0x69'],
		['OBJ', '(o.', 'opcode 0x6f'],
		['NEWOBJ', '))\x81.', 'opcode 0x81'],
		['EXT1', '\x82\x01.', 'opcode 0x82'],
	])('refuses %s by name, having executed nothing', (_, pickle, name) => {
		expect(() => read(pickle)).toThrow(name)
		expect(() => read(pickle)).toThrow(/was refused.*Nothing was executed/)
	})

	it.each([
		['nothing', '', /truncated/],
		['no STOP', '\x80\x02}', /truncated/],
		['text shorter than it says', 'X\xff\xff\xff\x7fa', /truncated/],
		['an empty stack', '.', /more from its stack/],
		['a missing mark', 't.', /mark is missing/],
		['a missing memo', 'h\x07.', /memo 7 is missing/],
		['a key without a value', '}(K\x01u.', /key without a value/],
		['items without a dictionary', 'K\x01(K\x01K\x01u.', /dictionary is missing/],
		['a text of negative length', '\x8d\0\0\0\0\0\0\0\x80', /truncated/],
		['a call of a number', 'K\x01)R.', /not a name/],
		['a mark as result', '(.', /more from its stack/],
	])('calls %s damaged', (_, pickle, message) => {
		expect(() => read(pickle)).toThrow(message)
	})

	it('ends on any bytes, with a value or an error of ours', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
				try {
					readPickle(bytes, { ...nothing, allowed: () => true }, 'a.bin')
				} catch (error) {
					expect(error).toBeInstanceOf(NaptuneError)
				}
			}),
			{ numRuns: 3000 },
		)
	})
})

describe('what takes all time or memory', () => {
	/** A list that holds a list twice, and so on: written out, two to the power of `levels` of them. */
	const doubled = (levels: number) => {
		const get = (at: number) => `h${String.fromCharCode(at)}`
		const steps = Array.from({ length: levels }, (_, at) => `]q${String.fromCharCode(at + 1)}${get(at)}a${get(at)}a0`)
		return `]q\x000${steps.join('')}${get(levels)}`
	}
	const nested = (levels: number) => `${']'.repeat(levels)}${'a'.repeat(levels - 1)}`

	it.each([
		['a shared list as key', `}${doubled(60)}K\x01s.`, /dictionary of its pickle has the key \[\.\.\.,\.\.\.\]/],
		['a nested list as key', `}${nested(50_000)}K\x01s.`, /has the key \[\.\.\.\]/],
		['a key that is a tuple', '})K\x01s.', /has the key \[\]/],
		['a shared list as module', `${doubled(60)}X\x01\0\0\0a\x93.`, /a name is not text/],
		['a nested list as name', `X\x01\0\0\0a${nested(50_000)}\x93.`, /a name is not text/],
		['a name of a megabyte', `c${'x'.repeat(1e6)}\ny\n.`, /asks Python to use "x{80}…"/],
		['15 MB of dictionaries', '}'.repeat(15e6), /more than 100000 values|more than 200000 lists and dictionaries/],
		['15 MB of dictionaries in a list', `](${'}0'.repeat(75e5)}`, /more than 200000 lists and dictionaries/],
		['15 MB of numbers', `](${'K\x01'.repeat(75e5)}`, /piles up more than 100000 values/],
		['15 MB of small steps', 'N0'.repeat(75e5), /more than 2000000 steps/],
		['values piled up', `${nested(100_002)}.`, /piles up more than 100000 values/],
	])('is refused fast: %s', (_, pickle, message) => {
		const start = performance.now()
		const before = process.memoryUsage().heapUsed
		expect(() => read(pickle)).toThrow(message)
		expect(performance.now() - start).toBeLessThan(10_000)
		expect(process.memoryUsage().heapUsed - before).toBeLessThan(5e8)
	})

	it('calls that copy the same list again and again', () => {
		// One list of a thousand pairs in the memo, given to OrderedDict ten thousand times.
		const list = `](${'K\x01K\x02\x86'.repeat(1000)}eq\x000`
		const calls = 'ccollections\nOrderedDict\nh\x00\x85R0'.repeat(10_000)
		let copied = 0
		const rules: PickleRules = {
			...nothing,
			allowed: () => true,
			call: (_, [items]) => {
				copied += (items as unknown[]).length
				return new Map(items as [unknown, unknown][])
			},
		}
		const bytes = Buffer.from(`${list}${calls}N.`, 'latin1')
		expect(() => readPickle(bytes, rules, 'a.bin')).toThrow(/more than 2000000 steps/)
		expect(copied).toBeLessThanOrEqual(2_000_000)
	})
})

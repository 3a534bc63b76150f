import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { coloured } from './colour.js'

const terminal = { isTTY: true, hasColors: () => true }
const audit =
	'check          result  images\nzero-gradient  FAIL        12\nmonotone       pass        12\n\nFAIL zero-gradient'

describe('coloured', () => {
	beforeEach(() => {
		vi.stubEnv('NO_COLOR', '')
		vi.stubEnv('FORCE_COLOR', '')
	})
	afterEach(() => {
		vi.unstubAllEnvs()
	})

	it('colours the words that say how something went, and nothing else', () => {
		expect(coloured('error: There is no note: here.', terminal)).toBe(
			'\x1b[31m\x1b[1merror:\x1b[22m\x1b[39m There is no note: here.',
		)
		const shown = coloured(audit, terminal)
		expect(shown.split('\x1b[31m')).toHaveLength(3)
		expect(shown.split('\x1b[32m')).toHaveLength(2)
		expect(stripVTControlCharacters(shown)).toBe(audit)
	})

	it('leaves pipes, NO_COLOR and terminals without colours alone', () => {
		expect(coloured(audit, {})).toBe(audit)
		expect(coloured(audit, { isTTY: true, hasColors: () => false })).toBe(audit)
		vi.stubEnv('NO_COLOR', '1')
		expect(coloured(audit, terminal)).toBe(audit)
	})

	it('colours a pipe where FORCE_COLOR asks for it', () => {
		vi.stubEnv('FORCE_COLOR', '1')
		expect(coloured(audit, {})).not.toBe(audit)
	})
})

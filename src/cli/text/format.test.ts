import { describe, expect, it } from 'vitest'
import { duration, epsilonText, grouped, percent, percentInterval, rate } from './format.js'
import { textTable } from './table.js'

describe('numbers as people read them', () => {
	it.each([
		[0.04, '0.0 s'],
		[9.94, '9.9 s'],
		[9.96, '10 s'],
		[59.6, '1 min 00 s'],
		[185, '3 min 05 s'],
		[3599.6, '1 h 00 min'],
		[7620, '2 h 07 min'],
	])('%f seconds are %s', (seconds, text) => {
		expect(duration(seconds)).toBe(text)
	})

	it.each([
		[1 / 255, '1/255'],
		[0.01568627450980392, '4/255'],
		[0.5 / 255, '0.5/255'],
		[0.07, '0.07'],
		[0, '0'],
	])('epsilon %f is %s', (epsilon, text) => {
		expect(epsilonText(epsilon)).toBe(text)
	})

	it('shares, rates and counts', () => {
		expect([0, 0.0549, 1].map(percent)).toEqual(['  0.0 %', '  5.5 %', '100.0 %'])
		expect(percentInterval([0.012, 0.987])).toBe('[ 1.2,  98.7]')
		expect([0.01234, 12.345, 1234.5].map(rate)).toEqual(['0.0123', '12.3', '1235'])
		expect(grouped(37_774_592)).toBe('37,774,592')
	})
})

describe('textTable', () => {
	it('aligns cells below their headings', () => {
		const table = textTable(
			[{ heading: 'name' }, { heading: 'n', align: 'right' }],
			[
				['vanilla', '1'],
				['nap', '20'],
			],
		)
		expect(table.split('\n')).toEqual(['name      n', '───────  ──', 'vanilla   1', 'nap      20'])
	})
})

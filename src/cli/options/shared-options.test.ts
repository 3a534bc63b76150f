import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import { attackOption, normOption } from './attack-options.js'
import { collectSetting, commaList, epsilonOption, wholeNumber } from './shared-options.js'

describe('collectSetting', () => {
	it('nests keys and reads values as JSON where they are', () => {
		const settings = ['optimizer.learningRate=2e-3', 'optimizer.warmupRate=null', 'defense.name=nap', 'a=1=2'].reduce(
			(before, text) => collectSetting(text, before),
			{},
		)
		expect(settings).toEqual({
			optimizer: { learningRate: 0.002, warmupRate: null },
			defense: { name: 'nap' },
			a: '1=2',
		})
	})

	it('lets a later setting replace an earlier one', () => {
		expect(collectSetting('a=2', { a: 1, b: 1 })).toEqual({ a: 2, b: 1 })
		expect(collectSetting('a.b=2', { a: 1 })).toEqual({ a: { b: 2 } })
	})

	it.each(['', 'key', '=1', '.a=1', 'a..b=1', '__proto__.polluted=1'])('refuses %j', (text) => {
		expect(() => collectSetting(text, {})).toThrow(InvalidArgumentError)
	})
})

describe('values', () => {
	it.each(['-1', '1.5', '0x10', '1e3', '', ' ', 'many', '99999999999999999999'])('%j is no whole number', (text) => {
		expect(() => wholeNumber(0)(text)).toThrow(InvalidArgumentError)
	})

	it('whole numbers have a least value', () => {
		expect(wholeNumber(0)('0')).toBe(0)
		expect(() => wholeNumber(1)('0')).toThrow('at least 1')
	})

	it('epsilon is a fraction or a number, at most 1', () => {
		const parse = (text: string) => epsilonOption('').parseArg?.(text, undefined)
		expect(parse('2/255')).toBe(2 / 255)
		expect(parse('0')).toBe(0)
		expect(parse('.03')).toBe(0.03)
		expect(parse('3.e-2')).toBe(0.03)
		expect(() => parse('2')).toThrow(/2\/255/)
		expect(() => parse('much')).toThrow(InvalidArgumentError)
		expect(() => parse('-1/255')).toThrow(InvalidArgumentError)
	})

	it('choices name the one that was meant', () => {
		const option = normOption()
		expect(option.parseArg?.('l2', undefined)).toBe('l2')
		expect(() => option.parseArg?.('lnf', undefined)).toThrow('Allowed choices are linf, l2. Did you mean linf?')
		expect(() => attackOption('').parseArg?.('pgd100', undefined)).toThrow('Did you mean pgd-100?')
	})

	it('lists keep spaces inside names and refuse empty names', () => {
		expect(commaList('cat, tennis racket')).toEqual(['cat', 'tennis racket'])
		expect(() => commaList('cat,,dog')).toThrow(InvalidArgumentError)
	})
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { didYouMean, nearest } from './nearest.js'

const attacks = ['pgd', 'pgd-100', 'pgd-20', 'apgd', 'autoattack', 'square', 'optimizer.learningRate', 'learningRates']

describe('nearest', () => {
	it.each([
		['pgd-10', 'pgd-100'],
		['autoatack', 'autoattack'],
		['autoattakc', 'autoattack'],
		['SQUARE', 'square'],
		['pdg', 'pgd'],
		['learningRate', 'optimizer.learningRate'],
	])('%s is most like %s', (name, found) => {
		expect(nearest(name, attacks)).toBe(found)
	})

	it.each(['resnet', 'x', ''])('nothing is near enough to %j', (name) => {
		expect(nearest(name, attacks)).toBeUndefined()
		expect(didYouMean(name, attacks)).toBe('')
		expect(nearest(name, [])).toBeUndefined()
	})

	it('is the name itself where it exists, and found after any one slip', () => {
		const letters = fc.string({ unit: fc.constantFrom(...'abcdefgh'), minLength: 4, maxLength: 12 })
		fc.assert(
			fc.property(letters, fc.nat(), fc.constantFrom('drop', 'double', 'swap', 'change'), (word, at, slip) => {
				const place = at % (word.length - 1)
				const [start, one, two, rest] = [
					word.slice(0, place),
					word.charAt(place),
					word.charAt(place + 1),
					word.slice(place + 2),
				]
				const wrong = {
					drop: start + two + rest,
					double: start + one + one + two + rest,
					swap: start + two + one + rest,
					change: `${start}z${two}${rest}`,
				}[slip]
				expect(nearest(word, [word])).toBe(word)
				expect(nearest(wrong, ['a quite other name', word])).toBe(word)
			}),
		)
	})
})

it('didYouMean is a question that ends an error', () => {
	expect(didYouMean('pgd-10', attacks)).toBe(' Did you mean pgd-100?')
})

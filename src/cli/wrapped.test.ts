import { describe, expect, it } from 'vitest'
import { wrapped } from './wrapped.js'

const terminal = { isTTY: true, columns: 30 }

describe('wrapped', () => {
	it('breaks between words, at the same indentation', () => {
		expect(wrapped('  note: the images were split with seed 1', terminal)).toBe(
			'  note: the images were split\n  with seed 1',
		)
	})

	it('continues below the value of a line of name and value', () => {
		expect(wrapped('data   photos: 50 training images of 5 classes', terminal)).toBe(
			'data   photos: 50 training\n       images of 5 classes',
		)
	})

	it('leaves rows of tables and long words as they are', () => {
		const table = 'defense  clean accuracy  robust accuracy\n───────  ──────────────  ───────────────'
		expect(wrapped(table, terminal)).toBe(table)
		const path = '/a/very/long/path/of/a/record/that/is/wider.json'
		expect(wrapped(`The record is ${path}`, terminal)).toBe(`The record is\n${path}`)
		expect(wrapped(`  ${path}`, terminal)).toBe(`  ${path}`)
	})

	it('leaves pipes alone', () => {
		const long = 'word '.repeat(20)
		expect(wrapped(long, {})).toBe(long)
	})
})

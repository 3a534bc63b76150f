import { describe, expect, it } from 'vitest'
import { flatSettings, settingLine, settingsTable } from './setting-text.js'

describe('settings', () => {
	it('are flat, whatever they are', () => {
		const settings = { a: { b: 1, c: { d: 'x' } }, list: [1, 2], none: null, empty: {} }
		expect(flatSettings(settings)).toEqual([
			['a.b', '1'],
			['a.c.d', 'x'],
			['list', '[1,2]'],
			['none', 'null'],
			['empty', '{}'],
		])
		expect(settingLine({ steps: 100, at: { epsilon: 0.5 } })).toBe('steps 100, at.epsilon 0.5')
	})

	it('stand side by side, those that differ first', () => {
		const one = { title: 'one', settings: { same: 1, other: 2 } }
		const two = { title: 'two', settings: { same: 1, other: 3, own: 4 } }
		const { rows, columns } = settingsTable('s', 'S', [one, two], [])
		expect(columns.map(({ title }) => title)).toEqual(['setting', 'one', 'two'])
		expect(rows.map(({ group, cells }) => [group, ...cells.map(({ text }) => text)])).toEqual([
			['Different between methods', 'other', '2', '3'],
			['Different between methods', 'own', '\u2013', '4'],
			['Shared by all', 'same', '1', '1'],
		])
	})
})

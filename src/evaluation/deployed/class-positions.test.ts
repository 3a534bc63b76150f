import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { type ClassPositionsInput, classPositions } from './class-positions.js'

const named = { classNames: ['tench', 'goldfish', 'great white shark'], hasNames: true }
const unnamed = { classNames: ['0', '1', '2'], hasNames: false }

describe('classPositions', () => {
	it.each<[string, ClassPositionsInput, number[], number]>([
		['names', { ...named, folders: ['goldfish', 'tench'] }, [1, 0], 0],
		['names written in another way', { ...named, folders: ['Great_White_Shark'] }, [2], 0],
		['positions', { ...unnamed, folders: ['2', '0'] }, [2, 0], 0],
		['sorted order, with a notice', { ...unnamed, folders: ['a', 'b', 'c'] }, [0, 1, 2], 1],
		['a mapping', { ...named, folders: ['a', 'b'], mapping: { b: 0, a: 'goldfish' } }, [1, 0], 0],
	])('goes by %s', (_, input, expected, notices) => {
		const found = classPositions(input)
		expect(found.positions).toEqual(expected)
		expect(found.notices).toHaveLength(notices)
	})

	it.each<[string, ClassPositionsInput, string]>([
		['unknown names', { ...named, folders: ['tench', 'cat'] }, '1 of 2 class folders are not among the model'],
		['other counts', { ...unnamed, folders: ['a', 'b'] }, '3 classes but does not name them; the data has 2'],
		['positions past the end', { ...unnamed, folders: ['0', '3'] }, 'does not name them'],
		['mappings without a folder', { ...named, folders: ['a'], mapping: { b: 0 } }, 'lacks the folder a'],
		['mappings to no class', { ...named, folders: ['a'], mapping: { a: 3 } }, 'assigns 3 to the folder a'],
		['mappings to no name', { ...named, folders: ['a'], mapping: { a: 'cat' } }, 'assigns "cat" to the folder a'],
	])('refuses %s', (_, input, message) => {
		expect(() => classPositions(input)).toThrow(NaptuneError)
		expect(() => classPositions(input)).toThrow(message)
	})
})

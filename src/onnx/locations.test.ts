import { describe, expect, it } from 'vitest'
import { fileName, folderName, pathBelow } from './locations.js'

it.each([
	['/a/b/model.safetensors', 'model.safetensors', '/a/b'],
	['C:\\a\\weights.bin', 'weights.bin', 'C:\\a'],
	['weights.bin', 'weights.bin', '.'],
	['/weights.bin', 'weights.bin', '/'],
])('takes %s apart', (path, name, folder) => {
	expect(fileName(path)).toBe(name)
	expect(folderName(path)).toBe(folder)
})

describe('a path below a folder', () => {
	it.each([
		['weights.bin', 'weights.bin'],
		['./a//b/../c.bin', 'a/c.bin'],
		['a\\b.bin', 'a/b.bin'],
		['..b', '..b'],
	])('%s is %s', (location, path) => expect(pathBelow(location)).toBe(path))

	it.each([
		'',
		'.',
		'a/..',
		'/etc/passwd',
		'../secret',
		'a/../../secret',
		'..\\secret',
		'C:\\secret',
		'c:secret',
		'\\x',
	])('%j is none', (location) => expect(pathBelow(location)).toBeUndefined())
})

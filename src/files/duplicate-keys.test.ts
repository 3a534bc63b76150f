import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findDuplicateKey } from './duplicate-keys.js'

describe('findDuplicateKey', () => {
	it('finds a key twice in one object, at any depth and however it is spelled', () => {
		expect(findDuplicateKey('{"a":1,"b":2,"a":3}')).toBe('a')
		expect(findDuplicateKey('{"a":[{"x":1},{"y":1 , "y" : 2}]}')).toBe('y')
		expect(findDuplicateKey('{"a":1,"\\u0061":2}')).toBe('a')
		expect(findDuplicateKey('{"__proto__":1,"__proto__":2}')).toBe('__proto__')
	})

	it('is not misled by values, brackets in strings, or equal keys of different objects', () => {
		expect(findDuplicateKey('{"a":"a","b":"a"}')).toBeUndefined()
		expect(findDuplicateKey('{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}')).toBeUndefined()
		expect(findDuplicateKey('{"}":"{\\"a\\":1","a":1,"\\\\":2}')).toBeUndefined()
		expect(findDuplicateKey('["a","a"]')).toBeUndefined()
	})

	it('never finds one in what JSON.stringify wrote', () => {
		fc.assert(fc.property(fc.json(), (text) => findDuplicateKey(text) === undefined))
	})
})

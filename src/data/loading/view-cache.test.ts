import { expect, it } from 'vitest'
import { viewCache } from './view-cache.js'

const view = (bytes: number) => ({ width: bytes / 3, height: 1, rgb: new Uint8Array(bytes) })

it('keeps what comes first, up to its bytes', () => {
	const cache = viewCache(10)
	const first = view(6)
	cache.add('a', first)
	cache.add('b', view(6))
	cache.add('a', view(3))
	cache.add('c', view(3))
	expect(cache.get('a')).toBe(first)
	expect(cache.get('b')).toBeUndefined()
	expect(cache.get('c')?.rgb).toHaveLength(3)
	expect(cache.bytes).toBe(9)
	cache.clear()
	expect([cache.bytes, cache.get('a')]).toEqual([0, undefined])
})

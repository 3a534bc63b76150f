import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sha256OfBytes } from '../files/sha256.js'
import { sha256, sha256Hex } from './sha256.js'

it("gives the standard's examples", () => {
	// FIPS 180-2, appendices B.1 to B.3.
	expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
	expect(sha256Hex('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
		'248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
	)
	expect(sha256Hex('a'.repeat(1_000_000))).toBe('cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0')
	expect(sha256('abc')).toHaveLength(32)
})

it("gives Node.js's bytes for any bytes and any text, half surrogates included", () => {
	fc.assert(
		fc.property(
			fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 200 })),
			(content) => {
				expect(sha256Hex(content)).toBe(sha256OfBytes(content))
			},
		),
	)
	expect(sha256Hex('\ud800 and \udc00')).toBe(sha256OfBytes('\ud800 and \udc00'))
})

import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasNonFinite } from '../files/float-formats.js'
import { pieceLength } from '../files/read-parts.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { nonFiniteError } from '../vlm/expected-weights.js'
import { scanFloat32File } from './scan-weights.js'

describe('hasNonFinite', () => {
	it('finds NaNs and infinities of either sign, and nothing else', () => {
		const bytes = (value: number) => new Uint8Array(Float32Array.of(1, value, 2).buffer)
		for (const value of [NaN, Infinity, -Infinity]) expect(hasNonFinite(bytes(value))).toBe(true)
		for (const value of [0, -0, 3.4028234e38, -3.4028234e38, 1e-45]) expect(hasNonFinite(bytes(value))).toBe(false)
		const negativeNan = new Uint8Array(Uint32Array.of(0xff800001).buffer)
		expect(hasNonFinite(negativeNan)).toBe(true)
	})
})

describe('scanFloat32File', () => {
	it('names the tensors that are not finite, also across pieces, and fingerprints the file', async () => {
		const path = join(await temporaryFolder(), 'weights')
		const values = new Float32Array(pieceLength / 2 + 100).fill(0.5)
		const border = pieceLength / 4
		values[border - 3] = NaN // The last of 'before'.
		values[border + 5] = Infinity // Within 'across', after the border of two pieces.
		values[values.length - 1] = NaN // In no tensor.
		const ranges = [
			{ name: 'clean', offset: 0, length: 40 },
			{ name: 'before', offset: 40, length: (border - 2) * 4 - 40 },
			{ name: 'across', offset: (border - 2) * 4, length: 4 * 10 },
			{ name: 'after', offset: (border + 8) * 4, length: (values.length - border - 9) * 4 },
			{ name: 'empty', offset: 16, length: 0 },
		]
		await writeFile(path, values)
		const { sha256, nonFinite } = await scanFloat32File(path, ranges.reverse())
		expect(nonFinite).toEqual(['before', 'across'])
		expect(sha256).toBe(createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex'))
	})
})

describe('nonFiniteError', () => {
	it('names at most ten tensors', () => {
		const names = Array.from({ length: 12 }, (_, i) => `w${i}`)
		expect(nonFiniteError(names, 'a').message).toMatch(/w9 and 2 more\./)
	})
})

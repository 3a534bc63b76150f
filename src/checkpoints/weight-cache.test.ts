import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readSafetensorsTensors } from '../files/safetensors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { convertedWeights, defaultCacheDirectory } from './weight-cache.js'
import { readStoredWeights } from './weight-files.js'

const pytorch = fileURLToPath(new URL('../../fixtures/checkpoints/pytorch/', import.meta.url))

describe('convertedWeights', () => {
	it('reads every type, stride and shared storage as PyTorch does', async () => {
		const folder = await temporaryFolder()
		await cp(join(pytorch, 'mixed.bin'), join(folder, 'pytorch_model.bin'))
		const stored = await readStoredWeights(folder)
		const { file } = await convertedWeights(stored, 'key', new Set(stored.tensors.keys()), join(folder, 'cache'))
		const expected = await readSafetensorsTensors(join(pytorch, 'mixed.expected.safetensors'))
		expect(await readSafetensorsTensors(file)).toEqual(expected)
		expect([...expected.keys()]).toEqual(expect.arrayContaining(['permuted', 'stepped', 'empty', 'bfloat16']))
	})
})

describe('defaultCacheDirectory', () => {
	it('is NAPTUNE_CACHE where that is set', () => {
		expect(defaultCacheDirectory({ NAPTUNE_CACHE: '/data/cache' })).toBe('/data/cache')
		expect(defaultCacheDirectory({})).toMatch(/naptune/)
	})
})

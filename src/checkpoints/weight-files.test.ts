import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { writeSafetensors } from '../files/safetensors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { readStoredWeights, shardsOf } from './weight-files.js'

const pytorch = fileURLToPath(new URL('../../fixtures/checkpoints/pytorch/', import.meta.url))
const one = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const

describe('readStoredWeights', () => {
	it('prefers safetensors to a pickle', async () => {
		const folder = await temporaryFolder()
		await cp(join(pytorch, 'mixed.bin'), join(folder, 'pytorch_model.bin'))
		const fallback = await readStoredWeights(folder)
		expect(fallback.format).toBe('pytorch')
		expect(fallback.tensors.get('transposed')!.strides).toEqual([1, 5])
		expect(fallback.tensors.get('row')!.strides).toBeUndefined()
		await writeSafetensors(join(folder, 'model.safetensors'), { a: one })
		const preferred = await readStoredWeights(folder)
		expect([preferred.format, [...preferred.tensors.keys()]]).toEqual(['safetensors', ['a']])
	})

	it('reads shards, and refuses missing and contradictory ones', async () => {
		const folder = await temporaryFolder()
		const shard = (name: string) => join(folder, name)
		await writeSafetensors(shard('m-1.safetensors'), { a: one })
		await writeSafetensors(shard('m-2.safetensors'), { b: one })
		const index = { weight_map: { b: 'm-2.safetensors', a: 'm-1.safetensors' } }
		await writeFile(shard('model.safetensors.index.json'), JSON.stringify(index))
		const { files, tensors } = await readStoredWeights(folder)
		expect(files).toEqual([shard('m-1.safetensors'), shard('m-2.safetensors')])
		expect(tensors.get('b')!.file).toBe(shard('m-2.safetensors'))
		await writeSafetensors(shard('m-2.safetensors'), { a: one })
		await expect(readStoredWeights(folder)).rejects.toThrow(/m-2.safetensors holds tensor a, which another shard/)
		await rm(shard('m-2.safetensors'))
		await expect(readStoredWeights(folder)).rejects.toThrow(/Cannot read .*m-2.safetensors/)
	})

	it('says which files it looked for', async () => {
		await expect(readStoredWeights(await temporaryFolder())).rejects.toThrow(/model\.safetensors, .*pytorch_model\.bin/)
	})
})

describe('shardsOf', () => {
	it.each([
		[null],
		[{}],
		[{ weight_map: {} }],
		[{ weight_map: { a: 7 } }],
		[{ weight_map: { a: '../../secret.bin' } }],
		[{ weight_map: { a: '/etc/passwd' } }],
		[{ weight_map: { a: 'sub/model.bin' } }],
		[{ weight_map: { a: '..\\model.bin' } }],
		[{ weight_map: { a: 'model.exe' } }],
	])('refuses %j', (index) => {
		expect(() => shardsOf(index, 'i.json')).toThrow(/i\.json (has no weight_map|names the shard)/)
	})
})

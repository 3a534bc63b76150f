import { access, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unzipSync, zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { withFile } from '../read-parts.js'
import { temporaryFolder } from '../temporary-folder.test.helper.js'
import { readPytorchTensors } from './pytorch-pickle.js'

const folder = fileURLToPath(new URL('../../../fixtures/checkpoints/pytorch/', import.meta.url))
const tensorsOf = (path: string) => withFile(path, (handle) => readPytorchTensors(handle, path))

/** A file of torch.save with some entries replaced. */
async function changed(change: (files: Record<string, Uint8Array>) => void): Promise<string> {
	const files = unzipSync(await readFile(join(folder, 'mixed.bin')))
	change(files)
	const path = join(await temporaryFolder(), 'changed.bin')
	await writeFile(path, zipSync(files, { level: 0 }))
	return path
}

/** Replaces bytes of the pickle, which must be there. */
function replaced(pickle: Uint8Array, from: string, to: string): Uint8Array {
	const text = Buffer.from(pickle).toString('latin1')
	expect(text).toContain(from)
	return Buffer.from(text.replace(from, to), 'latin1')
}

describe('readPytorchTensors', () => {
	it('lists types, shapes, strides and offsets', async () => {
		const tensors = new Map((await tensorsOf(join(folder, 'mixed.bin'))).map((tensor) => [tensor.name, tensor]))
		expect(tensors.get('transposed')).toMatchObject({ dtype: 'F32', shape: [5, 3], strides: [1, 5] })
		expect(tensors.get('row')!.offset - tensors.get('transposed')!.offset).toBe(5 * 4)
		expect(tensors.get('parameter')).toMatchObject({ dtype: 'F32', shape: [4] })
		expect(tensors.get('scalar')).toMatchObject({ shape: [], strides: [] })
		expect(tensors.get('integers')).toMatchObject({ dtype: 'I64', shape: [5] })
		expect([...tensors.values()].map(({ dtype }) => dtype)).toEqual(
			expect.arrayContaining(['BF16', 'F16', 'F64', 'BOOL']),
		)
		const { offset } = tensors.get('scalar')!
		const handle = await open(join(folder, 'mixed.bin'))
		const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, offset)
		await handle.close()
		expect(buffer.readFloatLE()).toBe(2.5)
	})

	it('takes the state dict of a training checkpoint, whatever lies beside it', async () => {
		const tensors = await tensorsOf(join(folder, 'training.bin'))
		expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([
			['module.weight', [2, 3]],
			['module.bias', [2]],
		])
	})

	it.each([
		['training-ema.bin', /holds args, best, epoch, history, ema, and no state dict under state_dict, /],
		['hostile-os-system.bin', /"(posix|nt)\.system".*Nothing was executed/],
		['hostile-eval.bin', /"__builtin__\.eval".*Nothing was executed/],
		['whole-module.bin', /"torch\.nn\.modules\.linear\.Linear"/],
		['not-only-tensors.bin', /entry step is not a tensor/],
		['legacy.bin', /before PyTorch 1\.6/],
	])('refuses %s', async (name, message) => {
		await expect(tensorsOf(join(folder, name))).rejects.toThrow(message)
		await expect(access('naptune-was-here')).rejects.toThrow(/ENOENT/)
	})

	it('refuses what is not of torch.save', async () => {
		const path = join(await temporaryFolder(), 'a.bin')
		await writeFile(path, 'version https://git-lfs.github.com/spec/v1')
		await expect(tensorsOf(path)).rejects.toThrow(/neither a zip archive nor a pickle/)
		await writeFile(path, zipSync({ 'a/b': Buffer.from('x') }, { level: 0 }))
		await expect(tensorsOf(path)).rejects.toThrow(/without data\.pkl/)
	})

	it('refuses a truncated file', async () => {
		const bytes = await readFile(join(folder, 'mixed.bin'))
		const path = join(await temporaryFolder(), 'cut.bin')
		for (const length of [0, 3, 100, bytes.length >> 1, bytes.length - 1]) {
			await writeFile(path, bytes.subarray(0, length))
			await expect(tensorsOf(path)).rejects.toThrow(/truncated|complete/)
		}
	})

	it('refuses a truncated pickle, a missing storage and one of the wrong size', async () => {
		const cut = await changed((files) => {
			files['mixed/data.pkl'] = files['mixed/data.pkl']!.subarray(0, 100)
		})
		await expect(tensorsOf(cut)).rejects.toThrow(/truncated pickle/)
		const missing = await changed((files) => {
			delete files['mixed/data/0']
		})
		await expect(tensorsOf(missing)).rejects.toThrow(/storage 0 is missing/)
		const short = await changed((files) => {
			files['mixed/data/0'] = files['mixed/data/0']!.subarray(0, 56)
		})
		await expect(tensorsOf(short)).rejects.toThrow(/storage 0 should have 15 elements of F32, it has 56 bytes/)
	})

	it('refuses tensors that reach outside their storage', async () => {
		// In the first tensor's (0, (5, 3), (1, 5)): offset, size and stride.
		const arguments_ = 'K\x00K\x05K\x03\x86q\x08K\x01K\x05\x86'
		for (const change of [
			arguments_.replace('K\x00', 'K\x01'),
			arguments_.replace('K\x05K\x03', 'K\x05K\x04'),
			arguments_.replace('K\x01K\x05', 'K\x01K\x06'),
			arguments_.replace('K\x05K\x03', 'K\xffK\xff').replace('K\x01K\x05', 'K\x00K\x00'),
		]) {
			const path = await changed((files) => {
				files['mixed/data.pkl'] = replaced(files['mixed/data.pkl']!, arguments_, change)
			})
			await expect(tensorsOf(path)).rejects.toThrow(/reaches outside its storage of 15 elements/)
		}
	})

	it('refuses files of big-endian machines', async () => {
		const path = await changed((files) => {
			files['mixed/byteorder'] = Buffer.from('big')
		})
		await expect(tensorsOf(path)).rejects.toThrow(/big-endian/)
	})
})

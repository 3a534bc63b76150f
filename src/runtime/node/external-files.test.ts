import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { float32, ops, serializeModel } from '../../onnx/index.js'
import type { ModelEngine } from '../engine.js'
import { createEngine } from './create-engine.js'
import { realFile, resolveExternalFiles } from './external-files.js'

let root: string
const bytes = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer)

/** A hub cache: the snapshot holds links into a folder of blobs, all of it read-only. */
beforeAll(() => {
	root = mkdtempSync(join(tmpdir(), 'naptune-external-'))
	for (const folder of ['blobs', 'snapshots/main', 'other']) mkdirSync(join(root, folder), { recursive: true })
	writeFileSync(join(root, 'blobs/5f3a'), bytes(9, 9, 1, 2, 3, 4))
	symlinkSync('../../blobs/5f3a', join(root, 'snapshots/main/model.safetensors'))
	writeFileSync(join(root, 'other/refiner.safetensors'), bytes(10, 20))
	writeFileSync(join(root, 'other/5f3a'), bytes(0))
	chmodSync(join(root, 'blobs/5f3a'), 0o444)
	for (const folder of ['blobs', 'snapshots/main']) chmodSync(join(root, folder), 0o555)
})
afterAll(() => {
	for (const folder of ['blobs', 'snapshots/main']) chmodSync(join(root, folder), 0o755)
	rmSync(root, { recursive: true })
})

const weight = () =>
	ops.external('w', 'float32', [2, 2], { file: join(root, 'snapshots/main/model.safetensors'), offset: 8, length: 16 })
const rows = () => ({ x: float32([2, 2], [1, 0, 0, 1]) })

describe('resolveExternalFiles', () => {
	it('follows links and takes the directory with most bytes', () => {
		const resolved = resolveExternalFiles([
			join(root, 'snapshots/main/model.safetensors'),
			join(root, 'other/refiner.safetensors'),
		])
		expect(resolved.names).toEqual(['5f3a'])
		expect(resolved.directory).toBe(dirname(realFile(join(root, 'blobs/5f3a'))))
		expect(resolved.elsewhere).toEqual([realFile(join(root, 'other/refiner.safetensors'))])
	})

	it('refuses missing files and namesakes', () => {
		expect(() => resolveExternalFiles([join(root, 'gone')])).toThrow(/weights file .*gone cannot be read/)
		expect(() => resolveExternalFiles([join(root, 'blobs/5f3a'), join(root, 'other/5f3a')])).toThrow(
			/two files with the same name/,
		)
	})
})

describe.each(['cpu', 'wasm'] as const)('weights by reference on %s', (device) => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ device, threads: 2 })
	})
	afterAll(() => engine.close())

	it.each([true, false])('reads a read-only cache of symlinks, pre-packed: %s', async (prepack) => {
		const y = ops.matmul(ops.input('x', 'float32', ['B', 2]), weight())
		const program = await engine.compile({ y }, { prepack })
		expect(program.modelBytes).toBeLessThan(1000)
		expect((await program.run(rows())).y!.data).toEqual(Float32Array.of(1, 2, 3, 4))
		await program.release()
	})

	it('reads weights that lie in two directories', async () => {
		const refiner = ops.external('b', 'float32', [2], { file: '/any/refiner.safetensors', offset: 0, length: 8 })
		const y = ops.add(ops.matmul(ops.input('x', 'float32', ['B', 2]), weight()), refiner)
		const model = serializeModel({ y }, { resolveFile: (file) => (file.startsWith(root) ? '/any/5f3a' : file) })
		const program = await engine.compileModel({
			...model,
			externalFiles: [join(root, 'snapshots/main/model.safetensors'), join(root, 'other/refiner.safetensors')],
		})
		expect((await program.run(rows())).y!.data).toEqual(Float32Array.of(11, 22, 13, 24))
		await program.release()
	})

	it('reads weights that are in memory, beside others in a file', async () => {
		const content = new Uint8Array(Float32Array.of(9, 10, 20).buffer)
		const held = ops.external('b', 'float32', [2], { file: 'refiner.safetensors', content, offset: 4, length: 8 })
		const y = ops.add(ops.matmul(ops.input('x', 'float32', ['B', 2]), weight()), held)
		const program = await engine.compile({ y })
		expect((await program.run(rows())).y!.data).toEqual(Float32Array.of(11, 22, 13, 24))
		await program.release()
	})

	it('explains a file that is too short', async () => {
		const short = ops.external('w', 'float32', [2, 2], { file: join(root, 'blobs/5f3a'), offset: 16, length: 16 })
		const y = ops.matmul(ops.input('x', 'float32', ['B', 2]), short)
		await expect(engine.compile({ y }, { name: 'short' })).rejects.toThrow(/could not compile program short/)
	})
})

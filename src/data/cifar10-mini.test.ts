import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { cifar10MiniDirectory, excludedFromPretraining, loadCifar10Mini } from './cifar10-mini.js'
import { cifar10MiniManifest, formatManifest } from './cifar10-mini-manifest.js'
import { labelsOf } from './dataset.js'

const ids = ({ length, id }: { length: number; id(index: number): string }) =>
	Array.from({ length }, (_, index) => id(index))

describe('loadCifar10Mini', () => {
	it('has 100 training, 10 validation and 100 test images of each of ten classes', async () => {
		const { classNames, train, validation, test } = await loadCifar10Mini()
		expect(classNames).toHaveLength(10)
		for (const [split, perClass] of [
			[train, 100],
			[validation, 10],
			[test, 100],
		] as const) {
			const counts = Array.from({ length: 10 }, () => 0)
			for (const label of labelsOf(split)) counts[label]!++
			expect(counts).toEqual(Array.from({ length: 10 }, () => perClass))
		}
	})

	it('gives every image a size, three bytes per pixel and an id of its own', async () => {
		const { train, validation, test } = await loadCifar10Mini()
		expect(new Set([...ids(train), ...ids(validation), ...ids(test)]).size).toBe(2100)
		const image = await test.image(999)
		expect([image.width, image.height, image.rgb.length]).toEqual([32, 32, 3072])
		expect(() => test.id(1000)).toThrow(RangeError)
		await expect(test.image(-1)).rejects.toThrow(RangeError)
	})

	it('lists its training and validation images as excluded from pre-training', async () => {
		const { train, validation, test } = await loadCifar10Mini()
		const excluded = new Set((await excludedFromPretraining()).map((index) => `cifar10/train/${index}`))
		for (const id of [...ids(train), ...ids(validation)]) expect(excluded.has(id)).toBe(true)
		for (const id of ids(test)) expect(id).toMatch(/^cifar10\/test\/\d+$/)
	})

	it('says that the files are damaged when one tile is not what the manifest says, or a file is missing', async () => {
		const copy = await mkdtemp(join(tmpdir(), 'naptune-mini-'))
		try {
			await cp(cifar10MiniDirectory, copy, { recursive: true })
			const path = join(copy, 'manifest.json')
			const manifest = await readFile(path, 'utf8')
			await writeFile(path, manifest.replace(/"sha256":"./, '"sha256":"f'))
			await expect(loadCifar10Mini(copy)).rejects.toThrow(/Tile 0 of .*train\.webp.*Reinstall the package/s)
			await writeFile(path, manifest)
			await rm(join(copy, 'test.webp'))
			await expect(loadCifar10Mini(copy)).rejects.toThrow(NaptuneError)
			await rm(path)
			await expect(loadCifar10Mini(copy)).rejects.toThrow(/Cannot read .*manifest\.json/)
		} finally {
			await rm(copy, { recursive: true })
		}
	})

	it('keeps its manifest in the form the maker writes', async () => {
		const text = await readFile(join(cifar10MiniDirectory, 'manifest.json'), 'utf8')
		expect(formatManifest(cifar10MiniManifest.parse(JSON.parse(text)))).toBe(text)
	})
})

import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import type { ImageView, PreparedView } from '../../images/view.js'
import { loadCifar10Mini } from '../cifar10-mini.js'
import { type Split, subset } from '../dataset.js'
import { pictureFiles } from '../folders/image-files.test.support.js'
import { createImageLoader, type ImageLoader, type ImageLoaderOptions } from './image-loader.js'
import { loadViews } from './load-views.js'

const prepared: PreparedView = {
	kind: 'prepared',
	size: 24,
	preparation: {
		doResize: true,
		resize: { kind: 'shortest-edge', shortestEdge: 24 },
		resample: 'bicubic',
		doCenterCrop: true,
		crop: { width: 24, height: 24 },
	},
}
const views: Readonly<Record<ImageView['kind'], (position: number) => ImageView>> = {
	prepared: () => prepared,
	'crop-and-flip': (position: number) => ({ kind: 'crop-and-flip', prepared, stream: [1, 'test', position] }),
	'random-resized-crop': (position: number) => ({ kind: 'random-resized-crop', size: 24, stream: [1, position] }),
}

const open: ImageLoader[] = []
function loader(options: ImageLoaderOptions): ImageLoader {
	const created = createImageLoader(options)
	open.push(created)
	return created
}
afterEach(async () => {
	for (const one of open.splice(0)) await one.close()
})

describe('createImageLoader', () => {
	const all = [3, 0, 7, 5, 1, 2, 6, 4, 3]

	it.each([0, 1, 3])('makes the same bytes with %i threads as without a loader', async (threads) => {
		const split = await pictureFiles(await temporaryFolder(), 8)
		const loaded = loader({ threads }).split(split)
		for (const view of Object.values(views)) {
			const plain = await loadViews(split, all, 24, view)
			expect(await loadViews(loaded, all, 24, view)).toEqual(plain)
			// Kept ones, too, and those of a part.
			expect(await loadViews(loaded, all, 24, view)).toEqual(plain)
			expect(await loadViews(subset(loaded, all), [2], 24, () => view(7))).toEqual(
				await loadViews(split, [7], 24, view),
			)
			expect(new Set(plain).size).toBeGreaterThan(100)
		}
	})

	it('reads bytes of files as well, and calls them by their name', async () => {
		const folder = await temporaryFolder()
		const files = await pictureFiles(folder, 2, [1])
		const bytes = await Promise.all([0, 1].map((index) => readFile(join(folder, files.id(index)))))
		const asked: number[] = []
		const split: Split = {
			...files,
			async source(index) {
				asked.push(index)
				return { kind: 'encoded', bytes: bytes[index]!, name: `row ${index} of a table` }
			},
		}
		const one = loader({ threads: 1 })
		const loaded = one.split(split)
		const first = await loadViews(files, [0], 24, views.prepared)
		expect(await loadViews(loaded, [0], 24, views.prepared)).toEqual(first)
		expect(asked).toEqual([0])
		// A view that is kept needs no bytes, and is not taken for that of another split.
		expect(await loadViews(one.split(split), [0], 24, views.prepared)).toEqual(first)
		expect(asked).toEqual([0])
		const other = await pictureFiles(await temporaryFolder(), 3)
		const turned = { ...other, source: async (index: number) => other.source!(2 - index) }
		expect(await loadViews(one.split(turned), [0], 24, views.prepared)).not.toEqual(first)
		await expect(loadViews(loaded, [0, 1], 24, views.prepared)).rejects.toThrow(
			/^row 1 of a table is not a readable image .*replace or remove it\.$/s,
		)
	})

	it.each([0, 2])('with %i threads tells the first of the damaged files, and goes on', async (threads) => {
		const folder = await temporaryFolder()
		const loaded = loader({ threads }).split(await pictureFiles(folder, 6, [2, 4]))
		await expect(loadViews(loaded, [0, 4, 2, 5], 24, views.prepared)).rejects.toThrow(join(folder, '4.jpg'))
		await expect(loadViews(loaded, [0, 2, 4, 5], 24, views.prepared)).rejects.toThrow(join(folder, '2.jpg'))
		expect(await loadViews(loaded, [0, 5], 24, views.prepared)).toHaveLength(2 * 3 * 24 * 24)
	})

	it('tells a preparation that does not end in the size', async () => {
		const loaded = loader({ threads: 1 }).split(await pictureFiles(await temporaryFolder(), 1))
		await expect(loaded.view!(0, { ...prepared, size: 16 })).rejects.toThrow('makes images of 24 x 24')
	})

	it('keeps views that stay the same, as far as there is room', async () => {
		const folder = await temporaryFolder()
		const split = await pictureFiles(folder, 3)
		const loaded = loader({ threads: 1, cacheBytes: 2 * 3 * 24 * 24 }).split(split)
		const before = await loadViews(loaded, [0, 1], 24, views.prepared)
		const random = await loadViews(loaded, [0], 24, views['random-resized-crop'])
		await loadViews(loaded, [2], 24, views.prepared)
		for (const index of [0, 2]) await writeFile(join(folder, split.id(index)), 'damaged now')
		await rm(join(folder, split.id(1)))
		expect(await loadViews(loaded, [0, 1], 24, views.prepared)).toEqual(before)
		await expect(loadViews(loaded, [2], 24, views.prepared)).rejects.toThrow(split.id(2))
		await expect(loadViews(loaded, [0], 24, views['random-resized-crop'])).rejects.toThrow(split.id(0))
		expect(random).toHaveLength(3 * 24 * 24)
	})

	it('leaves splits alone that are decoded already', async () => {
		const dataset = await loadCifar10Mini()
		const loaded = loader({ threads: 1 }).dataset(dataset)
		expect(loaded.test).toBe(dataset.test)
		expect(loaded.classNames).toBe(dataset.classNames)
	})

	it('refuses work once closed, and numbers that make no sense', async () => {
		const closing = loader({ threads: 1 })
		const loaded = closing.split(await pictureFiles(await temporaryFolder(), 1))
		await loadViews(loaded, [0], 24, views.prepared)
		const left = loaded.view!(0, views['random-resized-crop'](1)).catch(String)
		await closing.close()
		await closing.close()
		expect(await left).toContain('The image loader is closed')
		await expect(loadViews(loaded, [0], 24, views.prepared)).rejects.toThrow('The image loader is closed')
		for (const threads of [-1, 1.5, 257]) expect(() => createImageLoader({ threads })).toThrow(`got ${threads}`)
		expect(() => createImageLoader({ cacheBytes: Number.NaN })).toThrow('got NaN')
	})

	it('does not keep a process alive that forgets to close it', async () => {
		const folder = await temporaryFolder()
		await pictureFiles(folder, 1)
		const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)
		const script = `
			const { createImageLoader } = await import(${url('./image-loader.js')})
			const { fileSplit } = await import(${url('../folders/file-split.js')})
			const files = [{ id: '0.jpg', label: 0, path: ${JSON.stringify(join(folder, '0.jpg'))} }]
			const split = createImageLoader({ threads: 2 }).split(fileSplit(files))
			const view = await split.view(0, ${JSON.stringify(prepared)})
			console.log(view.rgb.length)`
		const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
		expect(stdout.trim()).toBe(String(3 * 24 * 24))
	})
})

import { execFile } from 'node:child_process'
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { takeRows } from '../../core/rows.js'
import { readSafetensorsTensors } from '../../files/safetensors.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { openAdversarialImages, readAdversarialImages } from './adversarial-images.js'
import { testBatch, testManifest } from './adversarial-images.test.support.js'

/** A store of five images in two shards. */
async function store(): Promise<string> {
	const folder = join(await temporaryFolder(), 'made', 'here')
	const writer = await openAdversarialImages(folder, testManifest)
	await writer.append(testBatch(0, 3))
	await writer.append(testBatch(3, 5))
	return folder
}

describe('a store of adversarial images', () => {
	it('gives back the images by position, whatever shards they lie in', async () => {
		const folder = await store()
		const read = await readAdversarialImages(folder)
		const all = testBatch(0, 5)
		expect(read.manifest).toEqual(testManifest)
		expect(read.ids).toEqual(all.ids)
		expect(read.labels).toEqual([0, 1, 0, 1, 0])
		expect(await read.pixels([0, 1, 2, 3, 4])).toEqual(all.images)
		expect(await read.pixels([4, 0, 4])).toEqual(takeRows(all.images, [4, 0, 4]))
		expect(read.position('image 3')).toBe(3)
		expect(read.find('image 7')).toBeUndefined()
		expect(() => read.position('image 7')).toThrow(/no adversarial image for image 7; it holds 5/)
	})

	it('is plain safetensors, images named by their ids', async () => {
		const folder = await store()
		const tensors = await readSafetensorsTensors(join(folder, 'images-000001.safetensors'))
		expect([...tensors.keys()]).toEqual(['image 3', 'image 4'])
		expect(tensors.get('image 4')!.shape).toEqual([3, 4, 5])
	})

	it('resumes where it stopped, with what a killed program left half-written removed', async () => {
		const folder = await store()
		await writeFile(join(folder, '.images-000002.safetensors.999999999.0123abcd.tmp'), 'half')
		const writer = await openAdversarialImages(folder, testManifest)
		expect([...writer.done]).toEqual(testBatch(0, 5).ids)
		await writer.append(testBatch(5, 6))
		expect((await readdir(folder)).sort()).toEqual([
			'images-000000.safetensors',
			'images-000001.safetensors',
			'images-000002.safetensors',
			'manifest.json',
		])
		expect((await readAdversarialImages(folder)).ids).toEqual(testBatch(0, 6).ids)
	})

	it('refuses to mix images that were made otherwise, and says what differs', async () => {
		const folder = await store()
		const other = { ...testManifest, seed: 4, threatModel: { norm: 'linf', epsilon: 0.1 } } as const
		await expect(openAdversarialImages(folder, other)).rejects.toThrow(
			/differ in threatModel.epsilon .*seed \(4, was 3\)/,
		)
		const told = { ...testManifest, dataset: { ...testManifest.dataset, notices: ['something else to be told'] } }
		expect((await openAdversarialImages(folder, told)).done.size).toBe(5)
	})

	it('refuses a folder of other files, and a manifest without what made the images', async () => {
		const folder = await temporaryFolder()
		await expect(openAdversarialImages(join(folder, 'new'), { ...testManifest, models: [] })).rejects.toThrow(
			/is not a manifest.*models/s,
		)
		await writeFile(join(folder, 'notes.txt'), 'mine')
		await expect(openAdversarialImages(folder, testManifest)).rejects.toThrow(/is not empty/)
		await expect(readAdversarialImages(folder)).rejects.toThrow(/holds no adversarial images/)
		expect(await readdir(folder)).toEqual(['notes.txt'])
	})

	it('refuses images that are stored already, of another shape or outside the threat model', async () => {
		const writer = await openAdversarialImages(await store(), testManifest)
		await expect(writer.append(testBatch(4, 6))).rejects.toThrow(/image 4 is already stored/)
		await expect(writer.append(testBatch(5, 6, 48))).rejects.toThrow(/\[1, 3, 4, 5\] and one label per id/)
		const far = testBatch(5, 6)
		far.images.data[7] = far.clean.data[7]! + 0.04
		await expect(writer.append(far)).rejects.toThrow(/image 5 is 0.04\d* from the clean one/)
		expect(writer.done.size).toBe(5)
	})

	it('tells of a truncated shard, and makes only its images anew once it is deleted', async () => {
		const folder = await store()
		const path = join(folder, 'images-000000.safetensors')
		await truncate(path, (await readFile(path)).length - 1)
		await expect(readAdversarialImages(folder)).rejects.toThrow(
			/images-000000.safetensors is damaged.*Delete this file/s,
		)
		await expect(openAdversarialImages(folder, testManifest)).rejects.toThrow(/is damaged/)
		await rm(path)
		const writer = await openAdversarialImages(folder, testManifest)
		expect([...writer.done]).toEqual(['image 3', 'image 4'])
		await writer.append(testBatch(0, 3))
		const read = await readAdversarialImages(folder)
		expect(read.ids).toEqual(['image 3', 'image 4', 'image 0', 'image 1', 'image 2'])
		expect(await read.pixels([2, 3, 4])).toEqual(testBatch(0, 3).images)
	})

	it('tells of a changed image when it is read, and of a changed manifest', async () => {
		const folder = await store()
		const path = join(folder, 'images-000001.safetensors')
		const bytes = await readFile(path)
		bytes[bytes.length - 1]! ^= 1
		await writeFile(path, bytes)
		const read = await readAdversarialImages(folder)
		expect(await read.pixels([3])).toEqual(testBatch(3, 4).images)
		await expect(read.pixels([3, 4])).rejects.toThrow(/Image image 4 is not the one that was written/)
		await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...testManifest, seed: 9 }))
		await expect(readAdversarialImages(folder)).rejects.toThrow(/does not match the manifest beside it/)
	})

	it('tells of an image stored twice and of a manifest of another kind', async () => {
		const folder = await store()
		await writeFile(
			join(folder, 'images-000005.safetensors'),
			await readFile(join(folder, 'images-000000.safetensors')),
		)
		await expect(readAdversarialImages(folder)).rejects.toThrow(/Image image 0 is stored twice/)
		await writeFile(join(folder, 'manifest.json'), JSON.stringify({ format: 2 }))
		await expect(readAdversarialImages(folder)).rejects.toThrow(
			/manifest.json is not a manifest that this version can read/,
		)
	})

	it('loses nothing when a shard cannot be written', async () => {
		const folder = join(await temporaryFolder(), 'store')
		const script = `process.on('SIGXFSZ', () => {})
			const { openAdversarialImages } = await import(${JSON.stringify(new URL('./adversarial-images.js', import.meta.url).href)})
			const { testBatch, testManifest } = await import(${JSON.stringify(new URL('./adversarial-images.test.support.js', import.meta.url).href)})
			const writer = await openAdversarialImages(process.argv[1], testManifest)
			await writer.append(testBatch(0, 2))
			const failure = await writer.append(testBatch(2, 400)).catch((error) => error)
			await writer.append(testBatch(2, 4))
			console.log(failure.name, failure.message)
		`
		const limited = [
			'-c',
			'ulimit -f 32 && exec "$0" --input-type=module -e "$1" "$2"',
			process.execPath,
			script,
			folder,
		]
		const { stdout } = await promisify(execFile)('bash', limited)
		expect(stdout).toMatch(/^NaptuneError .*images-000001.safetensors would be larger/)
		expect((await readAdversarialImages(folder)).ids).toEqual(testBatch(0, 4).ids)
	})
})

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { writeMadeUpBenchmark } from '../../data/benchmarks/made-up-benchmark.test.helper.js'
import { classGallery } from '../../data/captions/class-captions.js'
import type { DataOrigin } from '../../data/dataset.js'
import { fewShot } from '../../data/few-shot.js'
import { loadLabelledFolder } from '../../data/folders/labelled-folder.js'
import { loadUnlabelled } from '../../data/folders/unlabelled-images.js'
import { loadDataset } from '../../data/registry.js'
import { selectClasses } from '../../data/subsets.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import {
	dataOriginSchema,
	isOrigin,
	originKind,
	originName,
	originSample,
	originSplitSeed,
	withoutPlace,
	withoutSample,
} from './data-origin.js'

/** Every origin is read as it is written, its entries in their order. */
function checked(origin: DataOrigin): DataOrigin {
	const text = JSON.stringify(origin)
	expect(JSON.stringify(dataOriginSchema.parse(JSON.parse(text)))).toBe(text)
	return origin
}

async function photos(): Promise<string> {
	const root = join(await temporaryFolder(), 'photos')
	const picture = sharp({ create: { width: 3, height: 2, channels: 3, background: '#123456' } })
	for (const name of ['cat/1', 'cat/2', 'dog/1', 'dog/2']) {
		await mkdir(join(root, name, '..'), { recursive: true })
		await picture
			.clone()
			.png()
			.toFile(join(root, `${name}.png`))
	}
	return root
}

describe('the origin of data', () => {
	it('of the package names them, whatever is chosen of them', async () => {
		const dataset = await loadDataset('cifar10-mini')
		expect(originKind(checked(dataset.origin))).toBe('embedded')
		expect(originName(dataset.origin)).toBe('cifar10-mini')
		const sample = fewShot(selectClasses(dataset, ['cat', 'dog']), 2, 3).origin
		expect(originSample(checked(sample))).toMatchObject({ shots: 2, seed: 3 })
		expect(withoutSample(sample)).toEqual({ ...dataset.origin, classes: ['cat', 'dog'] })
		expect(originSample(dataset.origin)).toBeUndefined()
		checked(classGallery(dataset, dataset.test).origin)
		checked((await loadUnlabelled('cifar10-mini')).origin)
	})

	it('of a benchmark tells its root, which decides nothing', async () => {
		const root = await temporaryFolder()
		await writeMadeUpBenchmark(root)
		const { origin } = await loadDataset('eurosat', { root })
		checked(origin)
		expect(isOrigin(origin, 'benchmark') && origin.root).toBe(root)
		expect(withoutPlace(origin)).toEqual({ dataset: 'eurosat', contents: expect.any(String) })
	})

	it('of folders and lists is their path, with how they were split', async () => {
		const root = await photos()
		const drawn = (await loadDataset(root, { seed: 7 })).origin
		expect([originKind(checked(drawn)), originName(drawn), originSplitSeed(drawn)]).toEqual(['folder', root, 7])
		checked((await loadLabelledFolder(root)).origin)
		expect(originKind(checked((await loadUnlabelled(root)).origin))).toBe('images')
		const list = join(root, 'list.csv')
		const rows = ['cat/1.png,cat,train', 'dog/1.png,dog,train', 'cat/2.png,cat,test', 'dog/2.png,dog,test']
		await writeFileAtomic(list, ['image,class,split', ...rows].join('\n'))
		const given = (await loadDataset(list)).origin
		expect([originKind(checked(given)), originName(given), originSplitSeed(given)]).toEqual([
			'manifest',
			list,
			undefined,
		])
	})

	it("of one's own data is whatever tells them, and of none is refused", () => {
		const own = checked({ dataset: 'own', where: 'a camera', number: 3 })
		expect(originKind(own)).toBe('own')
		expect(originKind({ dataset: 'hf:a/b@c', split: 'given', files: 'f'.repeat(64) })).toBe('hub')
		expect(dataOriginSchema.safeParse({ dataset: 'folder' }).success).toBe(false)
		expect(dataOriginSchema.safeParse({ dataset: 'mine' }).success).toBe(false)
	})
})

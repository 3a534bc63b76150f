import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { type HubContent, startHub } from '../hub/hub-server.test.helper.js'
import { type Dataset, idsOf, labelsOf } from './dataset.js'
import { cifarPictures, type Picture, parquetFile, plainFeatures } from './parquet.test.support.js'
import { loadDataset } from './registry.js'

const commit = '0123456789abcdef0123456789abcdef01234567'
const id = 'someone/pictures'
const data = `hf:${id}`
const names = ['plane', 'car', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']

let pictures: readonly Picture[]
let content: HubContent
let storage: string

beforeEach(async () => {
	pictures = await cifarPictures()
	content = { id, commit, files: {}, corrupted: new Map(), brokenAfter: new Map() }
	const folder = await temporaryFolder()
	storage = join(folder, 'datasets--someone--pictures')
	for (const name of ['HF_ENDPOINT', 'HF_HUB_OFFLINE', 'HF_TOKEN']) vi.stubEnv(name, undefined)
	vi.stubEnv('HF_HUB_DISABLE_IMPLICIT_TOKEN', '1')
	vi.stubEnv('HF_HUB_CACHE', folder)
	return () => vi.unstubAllEnvs()
})

async function start() {
	const server = await startHub(content)
	vi.stubEnv('HF_ENDPOINT', server.endpoint)
	return server
}

/** A file of the pictures at these positions. */
function file(positions: readonly number[], options: Partial<Parameters<typeof parquetFile>[1]> = {}) {
	const chosen = positions.map((at) => pictures[at]!)
	return parquetFile(
		chosen.map(({ bytes }) => bytes),
		{ columns: { label: chosen.map(({ label }) => label) }, features: plainFeatures(names), ...options },
	)
}
const all = Array.from({ length: 20 }, (_, at) => at)
const even = all.filter((at) => at % 2 === 0)
const odd = all.filter((at) => at % 2 === 1)

async function expectPictures({ train, test }: Dataset, trained: readonly number[], tested: readonly number[]) {
	for (const [split, positions] of [
		[train, trained],
		[test, tested],
	] as const) {
		expect(labelsOf(split)).toEqual(positions.map((at) => pictures[at]!.label))
		// Backwards: no order of reading is special.
		for (let index = positions.length - 1; index >= 0; index--) {
			expect((await split.image(index)).rgb).toEqual(pictures[positions[index]!]!.rgb)
		}
	}
}

describe('a data set of the hub', () => {
	it('is read from its Parquet files, which are fetched once', async () => {
		content.files = {
			'README.md': Buffer.from('# Pictures'),
			'data/test-00000-of-00001.parquet': file(odd),
			'data/train-00000-of-00002.parquet': file(even.slice(0, 4)),
			'data/train-00001-of-00002.parquet': file(even.slice(4), { indexed: true }),
		}
		const server = await start()
		const progress: string[] = []
		const dataset = await loadDataset(data, {
			onProgress: ({ file, received, total }) => progress.push(`${file} ${received}/${total}`),
		})
		expect([dataset.name, dataset.classNames]).toEqual(['pictures', names])
		expect(idsOf(dataset.train)).toEqual(even.map((_, at) => `train/${at}`))
		expect([dataset.validation.length, dataset.notices]).toEqual([0, []])
		await expectPictures(dataset, even, odd)
		expect(await dataset.test.source!(1)).toEqual({
			kind: 'encoded',
			bytes: pictures[3]!.bytes,
			name: `test/1 of ${data}`,
		})
		const size = content.files['data/test-00000-of-00001.parquet']!.length
		expect(progress).toContain(`data/test-00000-of-00001.parquet ${size}/${size}`)
		expect(dataset.origin).toEqual({
			dataset: `${data}@${commit}`,
			split: 'given',
			files: expect.stringMatching(/^[0-9a-f]{64}$/),
		})

		const before = server.requests.length
		expect((await loadDataset(String(dataset.origin.dataset))).origin).toEqual(dataset.origin)
		expect(server.requests.slice(before)).toEqual([expect.stringMatching(/^GET \/api\/datasets\/.*revision/)])
		await server.close()
		const cached = await loadDataset(data)
		expect(cached.notices).toEqual([expect.stringMatching(/cannot be reached .* using the cached/)])
		vi.stubEnv('HF_HUB_OFFLINE', '1')
		await expectPictures(await loadDataset(data), even, odd)
		await expect(loadDataset('hf:someone/else')).rejects.toThrow(/not in the cache .* or use a folder or a manifest/)
	})

	it('goes on with a download that was cut, and fetches what changed on the disk', async () => {
		const path = 'data/train-00000-of-00001.parquet'
		content.files = { [path]: file(all) }
		content.brokenAfter.set(path, 5000)
		const server = await start()
		await expect(loadDataset(data)).rejects.toThrow(/ended after 5000 of \d+ bytes. Try again; it goes on there/)
		const [part] = await readdir(join(storage, 'blobs'))
		expect([part?.endsWith('.naptune-part'), (await stat(join(storage, 'blobs', part!))).size]).toEqual([true, 5000])
		content.brokenAfter.clear()
		const received: number[] = []
		const dataset = await loadDataset(data, { onProgress: (now) => received.push(now.received) })
		expect([received[0], received.at(-1)]).toEqual([5000, content.files[path]!.length])
		expect((await readdir(join(storage, 'blobs'))).length).toBe(1)

		await truncate(join(storage, 'blobs', (await readdir(join(storage, 'blobs')))[0]!), 3000)
		expect((await loadDataset(data)).origin).toEqual(dataset.origin)
		await server.close()
	})

	it('is not used when it is not what the hub announced', async () => {
		const path = 'data/train-00000-of-00001.parquet'
		content.files = { [path]: file(all) }
		const flipped = Buffer.from(content.files[path]!)
		flipped[2000]! ^= 1
		content.corrupted.set(path, flipped)
		await start()
		await expect(loadDataset(data)).rejects.toThrow(/train-00000-of-00001\.parquet is damaged: its fingerprint/)
		expect(await readdir(join(storage, 'blobs'))).toEqual([])
		content.corrupted.set(path, flipped.subarray(0, 2000))
		await expect(loadDataset(data)).rejects.toThrow(/ended after 2000 of \d+ bytes/)
		content.corrupted.set(path, Buffer.concat([flipped, flipped]))
		await rm(join(storage, 'blobs'), { recursive: true })
		await expect(loadDataset(data)).rejects.toThrow(/longer than the \d+ bytes of its listing/)
	})

	it('says where a damaged file lies', async () => {
		content.files = { 'train.parquet': file(all) }
		await start()
		await loadDataset(data)
		const [blob] = await readdir(join(storage, 'blobs'))
		const path = join(storage, 'blobs', blob!)
		const bytes = await readFile(path)
		await writeFile(path, Buffer.concat([bytes.subarray(0, -4), Buffer.from('XXXX')]))
		await expect(loadDataset(data)).rejects.toThrow(`Delete ${path}, so that it is fetched again`)
		await rm(path)
		await loadDataset(data)
	})

	it('follows the configurations and splits of its card', async () => {
		content.files = {
			'big/a.parquet': file(all),
			'small/one/part-1.parquet': file(even, { features: undefined }),
			'small/two/x.parquet': file(odd, { features: undefined }),
			'small/rest.parquet': file(odd),
		}
		const class_label = { names: Object.fromEntries(names.map((name, at) => [at, name])) }
		content.card = {
			configs: [
				{ config_name: 'big', data_files: 'big/*.parquet' },
				{
					config_name: 'small',
					data_files: [
						{ split: 'train', path: ['small/{one,three}/**'] },
						{ split: 'held_out', path: 'small/t?o/[x-z].parquet' },
						{ split: 'more', path: 'small/rest.parquet' },
					],
				},
			],
			dataset_info: [
				{
					config_name: 'small',
					features: [
						{ name: 'image', dtype: 'image' },
						{ name: 'label', dtype: { class_label } },
					],
				},
			],
		}
		await start()
		await expect(loadDataset(data)).rejects.toThrow(
			/several configurations: big, small\. Choose one: hf:someone\/pictures:big/,
		)
		await expect(loadDataset(`${data}:tiny`)).rejects.toThrow(/no configuration "tiny"; it has big, small/)
		const drawn = await loadDataset(`${data}:big`, { seed: 3 })
		expect([drawn.train.length, drawn.validation.length, drawn.test.length]).toEqual([10, 0, 10])
		expect(drawn.origin).toMatchObject({ split: 'drawn', splitSeed: 3, dataset: `${data}@${commit}:big` })
		expect(drawn.notices).toEqual([expect.stringMatching(/without a test split.* seed 3/)])
		const small = await loadDataset(`${data}@main:small?test=held_out`)
		expect(small.classNames).toEqual(names)
		expect(small.notices).toEqual([expect.stringMatching(/:small has other splits, which are not used: more/)])
		expect(small.origin.dataset).toBe(`${data}@${commit}:small?test=held_out`)
		await expectPictures(small, even, odd)
	})

	it('may lie in the branch of converted files', async () => {
		content.files = { 'default/train/0000.parquet': file(even), 'default/validation/0000.parquet': file(odd) }
		content.card = { configs: [{ config_name: 'other', data_files: 'x.csv' }] }
		await start()
		const dataset = await loadDataset(`${data}@refs/convert/parquet`)
		expect(dataset.notices).toEqual([
			expect.stringMatching(/has no test split: its validation images are the test split/),
		])
		expect(idsOf(dataset.test)[0]).toBe('validation/0')
	})

	it('leaves out a split without labels', async () => {
		content.files = {
			'train.parquet': file(even),
			'val.parquet': file(odd),
			'test.parquet': file(odd, { columns: { label: odd.map(() => -1) } }),
		}
		await start()
		const { notices, test } = await loadDataset(data)
		expect(notices).toEqual([
			expect.stringMatching(/split test .* no labels/),
			expect.stringMatching(/has no test split/),
		])
		expect(test.id(0)).toBe('validation/0')
	})

	it('may have names or numbers for labels, and names that are alike', async () => {
		const label = all.map((at) => pictures[at]!.label)
		content.files = {
			'train.parquet': file(all, { columns: { class: label.map((of) => `kind ${of}`) }, features: undefined }),
		}
		const { requests: _ } = await start()
		expect((await loadDataset(data)).classNames[9]).toBe('kind 9')
		content.commit = commit.replace('0', 'a')
		content.files = {
			'train.parquet': file(all, { features: undefined, columns: { label: label.map((of) => of * 2) } }),
		}
		const numbers = await loadDataset(data)
		expect(numbers.classNames).toEqual(['0', '2', '4', '6', '8', '10', '12', '14', '16', '18'])
		expect(numbers.notices[0]).toMatch(/classes of hf:someone\/pictures are numbers/)
		content.commit = commit.replace('0', 'b')
		const alike = names.map((name) => (name === 'cat' ? 'Dog' : name))
		content.files = { 'train.parquet': file(all, { features: plainFeatures(alike) }) }
		const same = await loadDataset(data)
		expect([same.classNames[3], same.classNames[5]]).toEqual(['Dog 3', 'dog 5'])
		expect(same.notices[0]).toMatch(/read the same in a prompt; their numbers were added: Dog 3, dog 5/)
	})
})

describe('a data set of the hub is refused', () => {
	it('when its columns are not clear, and read by those that are named', async () => {
		const fine = even.map((at) => pictures[at]!.label)
		const coarse = fine.map((label) => label % 2)
		const features = {
			img: { _type: 'Image' },
			fine_label: { names, _type: 'ClassLabel' },
			coarse_label: { names: ['a', 'b'], _type: 'ClassLabel' },
			note: { dtype: 'string', _type: 'Value' },
		}
		const columns = { fine_label: fine, coarse_label: coarse, note: fine.map(() => 'x') }
		content.files = {
			'train.parquet': file(even, { image: 'img', features, columns }),
			'test.parquet': file(even, { image: 'img', features, columns }),
		}
		await start()
		await expect(loadDataset(data)).rejects.toThrow(
			/several columns of classes: fine_label, coarse_label\. Choose one .*'\?label=fine_label'/,
		)
		const coarseData = await loadDataset(`${data}?label=coarse_label`)
		expect([coarseData.classNames, labelsOf(coarseData.test)]).toEqual([['a', 'b'], coarse])
		await expect(loadDataset(`${data}?label=lable`)).rejects.toThrow(
			/no column "lable".*usable for classes: fine_label, coarse_label, note/,
		)
		await expect(loadDataset(`${data}?label=fine_label&image=note`)).rejects.toThrow(
			/no column "note" that could hold images.*: img\./,
		)
		await expect(loadDataset(`${data}?lable=x`)).rejects.toThrow(
			/option "lable"; known are image, label, train, validation, test/,
		)
		content.commit = commit.replace('0', 'a')
		content.files = { 'train.parquet': file(even, { features: undefined, columns: { size: fine } }) }
		await expect(loadDataset(data)).rejects.toThrow(
			/Which column .* classes is not clear; its columns are image, size.*'\?label=size'/,
		)
		content.commit = commit.replace('0', 'b')
		content.files = { 'train.parquet': file(even, { features: undefined, columns: {} }) }
		await expect(loadDataset(data)).rejects.toThrow(/has no column of classes; its columns are image\./)
	})

	it('when its labels are no classes or its images are elsewhere', async () => {
		const columns = { label: even.map((_, at) => (at === 7 ? 10 : at % 3)) }
		content.files = { 'train.parquet': file(even, { columns }) }
		await start()
		await expect(loadDataset(data)).rejects.toThrow(
			/Row 7 of the split train .* label 10, which is no class; .* 0 to 9/,
		)
		content.commit = commit.replace('0', 'a')
		content.files = { 'train.parquet': file(all, { withoutBytes: [4] }), 'test.parquet': file(odd) }
		const { train } = await loadDataset(data)
		await train.image(3)
		await expect(train.image(4)).rejects.toThrow(/Row 4 of .*train\.parquet has no image in image/)
	})

	it('when it is not there, is private, or has no Parquet files', async () => {
		content.files = { 'pictures.py': Buffer.from(''), 'data.zip': Buffer.from('') }
		await start()
		await expect(loadDataset(data)).rejects.toThrow(
			/no Parquet files: it is read by a script, pictures\.py.*hf:someone\/pictures@refs\/convert\/parquet/,
		)
		await expect(loadDataset('hf:no/where')).rejects.toThrow(/no\/where .* does not exist/)
		await expect(loadDataset(`${data}@v9`)).rejects.toThrow(/revision v9.* does not exist/)
		await expect(loadDataset(`${data}@../x`)).rejects.toThrow(/is not a revision/)
		await expect(loadDataset('hf:a/b/c')).rejects.toThrow(/the form is hf:owner\/name/)
		content.token = 'secret'
		await expect(loadDataset(data)).rejects.toThrow(/not public.*or set HF_TOKEN/)
	})

	it('when there is nothing to train on, or the listing is hostile', async () => {
		content.files = { 'data/a-00000-of-00001.parquet': file(even), 'data/b-00000-of-00001.parquet': file(odd) }
		await start()
		await expect(loadDataset(data)).rejects.toThrow(/no training split; it has a, b\. .*'\?train=a'/)
		await expectPictures(await loadDataset(`${data}?train=a&test=b`), even, odd)
		await expect(loadDataset(`${data}?train=a&test=a`)).rejects.toThrow(/split a .* used twice/)
		await expect(loadDataset(`${data}?train=c`)).rejects.toThrow(/no split "c"; it has a, b/)
		content.commit = commit.replace('0', 'a')
		content.files = { '../../../../outside.parquet': file(even) }
		await expect(loadDataset(data)).rejects.toThrow(/names the file "\.\.\/\.\..*which no repository can hold/)
	})
})

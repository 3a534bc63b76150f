import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { HubContent } from '../../hub/hub-server.test.helper.js'
import { idsOf } from '../dataset.js'
import { loadDataset } from '../registry.js'
import {
	all,
	commit,
	data,
	even,
	expectPictures,
	fileOf,
	names,
	odd,
	prepareHub,
	start,
} from './hub-data.test.support.js'
import { type FileOptions, type Picture, plainFeatures } from './parquet.test.support.js'

let pictures: readonly Picture[]
let content: HubContent
let storage: string

beforeEach(async () => {
	;({ pictures, content, storage } = await prepareHub())
})
const file = (positions: readonly number[], options: Partial<FileOptions> = {}) => fileOf(pictures, positions, options)

describe('a data set of the hub', () => {
	it('is read from its Parquet files, which are fetched once', async () => {
		content.files = {
			'README.md': Buffer.from('# Pictures'),
			'data/test-00000-of-00001.parquet': file(odd),
			'data/train-00000-of-00002.parquet': file(even.slice(0, 4)),
			'data/train-00001-of-00002.parquet': file(even.slice(4), { indexed: true }),
		}
		const server = await start(content)
		const progress: string[] = []
		const dataset = await loadDataset(data, {
			onProgress: ({ file, received, total }) => progress.push(`${file} ${received}/${total}`),
		})
		expect([dataset.name, dataset.classNames]).toEqual(['pictures', names])
		expect(idsOf(dataset.train)).toEqual(even.map((_, at) => `train/${at}`))
		expect([dataset.validation.length, dataset.notices]).toEqual([0, []])
		await expectPictures(pictures, dataset, even, odd)
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
		expect(server.requests.slice(before)).toEqual([])
		expect((await loadDataset(data)).origin).toEqual(dataset.origin)
		expect(server.requests.slice(before)).toEqual([expect.stringMatching(/^GET \/api\/datasets\/.*revision/)])
		await server.close()
		const cached = await loadDataset(data)
		expect(cached.notices).toEqual([expect.stringMatching(/Cannot reach .* using the cached/)])
		vi.stubEnv('HF_HUB_OFFLINE', '1')
		await expectPictures(pictures, await loadDataset(data), even, odd)
		await expect(loadDataset('hf:someone/else')).rejects.toThrow(/not in the cache .* or use a folder or a manifest/)
	})

	it('goes on with a download that was cut, and fetches what changed on the disk', async () => {
		const path = 'data/train-00000-of-00001.parquet'
		content.files = { [path]: file(all) }
		content.brokenAfter.set(path, 5000)
		const server = await start(content)
		await expect(loadDataset(data)).rejects.toThrow(/ended after \d+ of \d+ bytes. Try again; it continues there/)
		const [part] = await readdir(join(storage, 'blobs'))
		expect(part).toMatch(/\.naptune-part$/)
		const { size } = await stat(join(storage, 'blobs', part!))
		content.brokenAfter.clear()
		const received: number[] = []
		const dataset = await loadDataset(data, {
			onProgress: ({ file, received: bytes }) => {
				if (file === path) received.push(bytes)
			},
		})
		expect([received[0], received.at(-1)]).toEqual([size, content.files[path]!.length])
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
		await start(content)
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
		await start(content)
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
		await start(content)
		await expect(loadDataset(data)).rejects.toThrow(
			/several configurations: big, small\. Choose one: hf:someone\/pictures:big/,
		)
		await expect(loadDataset(`${data}:tiny`)).rejects.toThrow(/no configuration "tiny"; it has big, small/)
		const drawn = await loadDataset(`${data}:big`, { seed: 3 })
		expect([drawn.train.length, drawn.validation.length, drawn.test.length]).toEqual([10, 0, 10])
		expect(drawn.origin).toMatchObject({ split: 'drawn', splitSeed: 3, dataset: `${data}@${commit}:big` })
		expect(drawn.notices).toEqual([expect.stringMatching(/has no test split.* seed 3/)])
		const small = await loadDataset(`${data}@main:small?test=held_out`)
		expect(small.classNames).toEqual(names)
		expect(small.notices).toEqual([expect.stringMatching(/:small has other splits, which are not used: more/)])
		expect(small.origin.dataset).toBe(`${data}@${commit}:small?test=held_out`)
		await expectPictures(pictures, small, even, odd)
	})

	it('may lie in the branch of converted files', async () => {
		content.files = { 'default/train/0000.parquet': file(even), 'default/validation/0000.parquet': file(odd) }
		content.card = { configs: [{ config_name: 'other', data_files: 'x.csv' }] }
		await start(content)
		const dataset = await loadDataset(`${data}@refs/convert/parquet`)
		expect(dataset.notices).toEqual([
			expect.stringMatching(/has no test split, so its validation images are the test split/),
		])
		expect(idsOf(dataset.test)[0]).toBe('validation/0')
	})

	it('leaves out a split without labels', async () => {
		content.files = {
			'train.parquet': file(even),
			'val.parquet': file(odd),
			'test.parquet': file(odd, { columns: { label: odd.map(() => -1) } }),
		}
		await start(content)
		const { notices, test } = await loadDataset(data)
		expect(notices).toEqual([
			expect.stringMatching(/split test .* no labels/),
			expect.stringMatching(/has no test split/),
		])
		expect(test.id(0)).toBe('validation/0')
		content.commit = commit.replace('0', 'a')
		content.files['test.parquet'] = file(odd, { columns: {} })
		expect((await loadDataset(data)).notices).toEqual(notices)
	})

	it('may have names or numbers for labels, and names that are alike', async () => {
		const label = all.map((at) => pictures[at]!.label)
		content.files = {
			'train.parquet': file(all, { columns: { class: label.map((of) => `kind ${of}`) }, features: undefined }),
		}
		await start(content)
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
		expect(same.notices[0]).toMatch(/read the same in a prompt, so their numbers were added: Dog 3, dog 5/)
		content.commit = commit.replace('0', 'c')
		const made = names.map((name) => ({ cat: 'Dog', car: 'dog 3' })[name] ?? name)
		content.files = { 'train.parquet': file(all, { features: plainFeatures(made) }) }
		await expect(loadDataset(data)).rejects.toThrow(/two classes that read the same in a prompt: "dog 3" and "Dog 3"/)
	})

	it('of a commit is found in the cache whatever has become of it, and of a branch when the hub is out of order', async () => {
		content.files = { 'train.parquet': file(even), 'test.parquet': file(odd) }
		const server = await start(content)
		const { origin } = await loadDataset(data)
		const before = server.requests.length
		content.failing = 404
		expect((await loadDataset(String(origin.dataset))).origin).toEqual(origin)
		expect(server.requests).toHaveLength(before)
		await expect(loadDataset(data)).rejects.toThrow(/does not exist/)
		for (const status of [429, 503]) {
			content.failing = status
			const found = await loadDataset(data)
			expect(found.origin).toEqual(origin)
			expect(found.notices[0]).toContain(`it answered ${status}`)
		}
		await rm(storage, { recursive: true })
		await expect(loadDataset(data)).rejects.toThrow(/Cannot fetch/)
	})
})

import { beforeEach, describe, expect, it } from 'vitest'
import type { HubContent } from '../../hub/hub-server.test.helper.js'
import { labelsOf } from '../dataset.js'
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
import type { FileOptions, Picture } from './parquet.test.support.js'

let pictures: readonly Picture[]
let content: HubContent

beforeEach(async () => {
	;({ pictures, content } = await prepareHub())
})
const file = (positions: readonly number[], options: Partial<FileOptions> = {}) => fileOf(pictures, positions, options)

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
		await start(content)
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
			/unknown option "lable"; it may have image, label, train, validation, test/,
		)
		content.commit = commit.replace('0', 'a')
		content.files = { 'train.parquet': file(even, { features: undefined, columns: { size: fine } }) }
		await expect(loadDataset(data)).rejects.toThrow(
			/It is unclear which column .* holds classes; its columns are image, size.*'\?label=size'/,
		)
		content.commit = commit.replace('0', 'b')
		content.files = { 'train.parquet': file(even, { features: undefined, columns: {} }) }
		await expect(loadDataset(data)).rejects.toThrow(/has no column of classes; its columns are image\./)
	})

	it('when its labels are no classes or its images are elsewhere', async () => {
		const columns = { label: even.map((_, at) => (at === 7 ? 10 : at % 3)) }
		content.files = { 'train.parquet': file(even, { columns }) }
		await start(content)
		await expect(loadDataset(data)).rejects.toThrow(
			/Row 7 of the split train .* label 10, which is not a class; .* 0 to 9/,
		)
		content.commit = commit.replace('0', 'a')
		content.files = { 'train.parquet': file(all, { withoutBytes: [4] }), 'test.parquet': file(odd) }
		const { train } = await loadDataset(data)
		await train.image(3)
		await expect(train.image(4)).rejects.toThrow(/Row 4 of .*train\.parquet has no image in image/)
	})

	it('when it is not there, is private, or has no Parquet files', async () => {
		content.files = { 'pictures.py': Buffer.from(''), 'data.zip': Buffer.from('') }
		await start(content)
		await expect(loadDataset(data)).rejects.toThrow(
			/no Parquet files: it needs the script pictures\.py.*hf:someone\/pictures@refs\/convert\/parquet/,
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
		await start(content)
		await expect(loadDataset(data)).rejects.toThrow(/no training split; it has a, b\. .*'\?train=a'/)
		await expectPictures(pictures, await loadDataset(`${data}?train=a&test=b`), even, odd)
		await expect(loadDataset(`${data}?train=a&test=a`)).rejects.toThrow(/split a .* used twice/)
		await expect(loadDataset(`${data}?train=c`)).rejects.toThrow(/no split "c"; it has a, b/)
		content.commit = commit.replace('0', 'a')
		content.files = { '../../../../outside.parquet': file(even) }
		await expect(loadDataset(data)).rejects.toThrow(/names the file "\.\.\/\.\..*which no repository can contain/)
	})
})

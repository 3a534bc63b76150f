import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { idsOf, labelsOf } from '../dataset.js'
import { loadDataset } from '../registry.js'
import { type ImagenetClass, imagenetClasses } from './imagenet-classes.js'

const root = mkdtempSync(join(tmpdir(), 'naptune-imagenet-'))
const folder = join(root, 'imagenet')
let classes: readonly ImagenetClass[]

beforeAll(async () => {
	classes = await imagenetClasses()
	for (const { wnid, testImage } of classes) {
		const train = join(folder, 'images/train', wnid)
		const val = join(folder, 'images/val', wnid)
		await mkdir(train, { recursive: true })
		await mkdir(val, { recursive: true })
		for (const name of ['10', '2']) await writeFile(join(train, `${wnid}_${name}.JPEG`), '')
		await writeFile(join(val, testImage), '')
		await writeFile(join(val, 'ILSVRC2012_val_00050001.JPEG'), '')
	}
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('the facts on ImageNet', () => {
	it('are 1,000 classes in the order of their ids, two pairs of which share a name', () => {
		expect(classes).toHaveLength(1000)
		expect(classes.map(({ wnid }) => wnid)).toEqual([...new Set(classes.map(({ wnid }) => wnid))].sort())
		expect(new Set(classes.map(({ name }) => name)).size).toBe(998)
		expect(new Set(classes.map(({ testImage }) => testImage)).size).toBe(1000)
	})

	it('have the names of the authors of CLIP and the known classes of validation images', () => {
		const facts = new Map(classes.map(({ wnid, name, testImage }) => [wnid, [name, testImage]]))
		// Images 1, 2 and 293 of the official ground truth.
		expect(facts.get('n01751748')?.[1]).toBe('ILSVRC2012_val_00000001.JPEG')
		expect(facts.get('n09193705')?.[1]).toBe('ILSVRC2012_val_00000002.JPEG')
		expect(facts.get('n01440764')).toEqual(['tench', 'ILSVRC2012_val_00000293.JPEG'])
		expect(facts.get('n01494475')?.[0]).toBe('hammerhead shark')
		expect(facts.get('n01514668')?.[0]).toBe('rooster')
	})
})

describe('imagenet', () => {
	it('labels by sorted ids, sorts the images of a class, tests on val, and says what is not the published set', async () => {
		const { classNames, train, validation, test, notices } = await loadDataset('imagenet', { root })
		expect([train.length, validation.length, test.length]).toEqual([2000, 0, 2000])
		expect(idsOf(train).slice(0, 3)).toEqual([
			'images/train/n01440764/n01440764_10.JPEG',
			'images/train/n01440764/n01440764_2.JPEG',
			'images/train/n01443537/n01443537_10.JPEG',
		])
		expect(labelsOf(train)).toEqual(Array.from({ length: 2000 }, (_, at) => Math.floor(at / 2)))
		expect(classNames[0]).toBe('tench')
		expect(notices).toEqual([
			expect.stringMatching(/2000 train images \(published: 1281167\), 2000 test images \(published: 50000\)/),
			expect.stringMatching(/2 classes are called "missile" \(labels 657 and 744\).*only the first/),
			expect.stringMatching(/2 classes are called "sunglasses" \(labels 836 and 837\)/),
		])
	})

	it('imagenet-1000 takes the one image of each class that the package names', async () => {
		const { test } = await loadDataset('imagenet-1000', { root })
		expect(labelsOf(test)).toEqual(Array.from({ length: 1000 }, (_, label) => label))
		expect(test.id(0)).toBe('images/val/n01440764/ILSVRC2012_val_00000293.JPEG')
		const gone = join(folder, test.id(7))
		await rm(gone)
		await expect(loadDataset('imagenet-1000', { root })).rejects.toThrow(
			/1 images of imagenet-1000 are missing, starting with .*ILSVRC2012_val_\d{8}\.JPEG.*Where to get/s,
		)
		await writeFile(gone, '')
	})

	it('takes names from classnames.txt where there is one', async () => {
		const path = join(folder, 'classnames.txt')
		const lines = classes.map(({ wnid, name }) => `${wnid} ${name}`)
		await writeFile(path, lines.join('\n'))
		expect((await loadDataset('imagenet', { root })).notices).toHaveLength(3)
		await writeFile(path, ['n01440764 Tinca tinca', ...lines.slice(1), ''].join('\r\n'))
		const { classNames, notices } = await loadDataset('imagenet', { root })
		expect(classNames.slice(0, 2)).toEqual(['Tinca tinca', 'goldfish'])
		expect(notices.join()).toMatch(/1 of 1000 classes differently.*n01440764 is "Tinca tinca", not "tench"/)
		await writeFile(path, lines.slice(1).join('\n'))
		await expect(loadDataset('imagenet', { root })).rejects.toThrow(/no line for n01440764 \(tench\)/)
		await writeFile(path, `${lines.join('\n')}\n${lines[0]}`)
		await expect(loadDataset('imagenet', { root })).rejects.toThrow(/names n01440764 twice/)
		await writeFile(path, 'tench\n')
		await expect(loadDataset('imagenet', { root })).rejects.toThrow(/Line 1 of .* is "tench"/)
		await rm(path)
	})

	it('refuses other classes and images that are not sorted into folders', async () => {
		await rename(join(folder, 'images/val/n01440764'), join(folder, 'images/val/tench'))
		await writeFile(join(folder, 'images/val/ILSVRC2012_val_00000001.JPEG'), '')
		await expect(loadDataset('imagenet', { root })).rejects.toThrow(
			/images\/val does not hold the 1000 class folders.*1 are missing, starting with n01440764; 1 do not belong, such as tench; 1 images are in no class folder/,
		)
	})
})

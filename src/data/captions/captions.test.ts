import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { loadCaptions } from './captions.js'
import { classCaptionTemplates, classGallery } from './class-captions.js'

/** A folder with pictures a.png and b.png, and a file of captions with this text. */
async function captionsFile(text: string): Promise<string> {
	const folder = await temporaryFolder()
	for (const [index, name] of ['a', 'b', 'c'].entries()) {
		const rgb = Buffer.alloc(2 * 3 * 3, 80 * index)
		await sharp(rgb, { raw: { width: 2, height: 3, channels: 3 } })
			.png()
			.toFile(join(folder, `${name}.png`))
	}
	const path = join(folder, 'captions.jsonl')
	await writeFile(path, text)
	return path
}

const line = (image: string, ...captions: string[]) => JSON.stringify({ image, captions })

describe('loadCaptions', () => {
	it('reads JSON lines', async () => {
		const path = await captionsFile(`\n${line('a.png', 'A cat.', 'two cats')}\n\n${line('b.png', 'a dog')}\n`)
		const { images, captions, own, level, notices } = await loadCaptions(path)
		expect(level).toBe('image')
		expect(images.length).toBe(2)
		expect(images.id(1)).toBe('b.png')
		expect((await images.image(1)).rgb[0]).toBe(80)
		expect(captions).toEqual(['A cat', 'two cats', 'a dog'])
		expect(own).toEqual([[0, 1], [2]])
		expect(images.label(1)).toBe(2)
		expect(notices).toEqual([])
	})

	it('reads an array', async () => {
		const path = await captionsFile(`[${line('a.png', 'a cat')}, ${line('b.png', 'a dog')}]`)
		expect((await loadCaptions(path)).captions).toEqual(['a cat', 'a dog'])
	})

	it('puts entries of one image and captions that read the same together, and says so', async () => {
		const path = await captionsFile(
			[
				line('a.png', 'a cat', 'A  Cat.'),
				line('b.png', 'a dog', 'a_cat'),
				line('./a.png', 'a grey cat'),
				line('c.png', 'a  dog '),
			].join('\n'),
		)
		const { images, captions, own, notices } = await loadCaptions(path)
		expect(images.length).toBe(3)
		expect(captions).toEqual(['a cat', 'a grey cat', 'a dog'])
		expect(own).toEqual([[0, 1], [0, 2], [2]])
		expect(notices).toEqual([
			expect.stringContaining('1 entries name an image'),
			expect.stringContaining('3 captions read as one'),
		])
	})

	it('chooses images by a seed, with their captions only', async () => {
		const path = await captionsFile(
			['a', 'b', 'c'].map((name) => line(`${name}.png`, `one ${name}`, 'a thing')).join('\n'),
		)
		const chosen = await loadCaptions(path, { limit: 2, seed: 3 })
		expect(chosen.images.length).toBe(2)
		expect(chosen.captions).toHaveLength(3)
		expect((await loadCaptions(path, { limit: 2, seed: 3 })).captions).toEqual(chosen.captions)
		const others = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => loadCaptions(path, { limit: 1, seed })))
		expect(new Set(others.map(({ images }) => images.id(0))).size).toBeGreaterThan(1)
	})

	it.each([
		['a line that is not JSON', `${line('a.png', 'x')}\n{"image":`, /line 2, is not JSON/],
		['an array that is none', '[{"image"', /begins like a JSON array/],
		['another shape', `${line('a.png', 'x')}\n{"image": "b.png", "caption": "x"}`, /line 2, is not .*captions/s],
		['no captions', '{"image": "a.png", "captions": []}', /line 1, is not/],
		['a missing image', `\n${line('nowhere.png', 'x')}`, /line 2: the image .*nowhere\.png is missing/],
		['a folder as an image', line('.', 'x'), /line 1: the image .* is missing/],
		['an empty caption', `${line('a.png', 'x')}\n${line('b.png', 'y', ' . ')}`, /line 2: the caption " \. " is empty/],
		['one in an array', `[${line('a.png', 'x')}, ${line('b.png', '')}]`, /entry 2: the caption "" is empty/],
		['what the model cannot read', line('a.png', 'a long one', 'short'), /line 1: "a long one" is too long/],
		['one caption in all', line('a.png', 'x'), /at least two/],
		['nothing', '\n', /holds no captions/],
	])('refuses %s', async (_, text, message) => {
		const problemOf = (caption: string) => (caption.length > 5 ? `"${caption}" is too long` : undefined)
		await expect(loadCaptions(await captionsFile(text), { problemOf })).rejects.toThrow(message)
	})

	it('lists the first problems', async () => {
		const path = await captionsFile(Array.from({ length: 8 }, (_, index) => line(`no${index}.png`, 'x')).join('\n'))
		await expect(loadCaptions(path)).rejects.toThrow(/line 1: .*line 5: .*and 3 more$/s)
		await expect(loadCaptions(join(path, '..', 'none.jsonl'))).rejects.toThrow(
			/The caption file .*none\.jsonl is missing/,
		)
	})
})

describe('classGallery', () => {
	it('gives every image the captions of its class', () => {
		const labels = [1, 0, 1]
		const images = {
			length: 3,
			label: (index: number) => labels[index]!,
			id: (index: number) => `${index}`,
			image: async () => ({ width: 1, height: 1, rgb: new Uint8Array(3) }),
		}
		const dataset = {
			name: 'pets',
			classNames: ['cat', 'sea_horse', 'dog'],
			notices: [],
			origin: { dataset: 'own' } as const,
		}
		const { captions, own, level, notices, images: found } = classGallery(dataset, images)
		const each = classCaptionTemplates.length
		expect(level).toBe('class')
		expect(captions).toHaveLength(3 * each)
		expect(captions[each]).toBe('a photo of a sea horse')
		expect(own).toEqual([1, 0, 1].map((label) => [...Array(each).keys()].map((at) => label * each + at)))
		expect(found.label(0)).toBe(each)
		expect(notices[0]).toContain('Class-level retrieval')
	})
})

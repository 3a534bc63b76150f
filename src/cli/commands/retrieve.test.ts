import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli, runJson, writeTinyRun } from '../cli.test.helper.js'

let folder: string
let run: string

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-retrieve-'))
	run = await writeTinyRun(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Row {
	readonly defense: string
	readonly clean: Record<'imageToText' | 'textToImage', { queries: number; recalls: { k: number; recall: number }[] }>
	readonly record: string
}

describe('naptune retrieve', () => {
	const attack = ['--attack', 'pgd-5', '--threads', '1']

	it('measures class-level retrieval beside vanilla and keeps every rank', async () => {
		const { code, document, stderr } = await runJson(['retrieve', run, ...attack, '--k', '5,1'])
		expect(code, stderr).toBe(0)
		expect(document).toMatchObject({ level: 'class', images: 6, captions: 15, attack: 'pgd-5', epsilon: 1 / 255 })
		expect(stderr).toContain('Class-level retrieval')
		const { rows } = document as { rows: Row[] }
		expect(rows.map(({ defense }) => defense)).toEqual(['vanilla', 'nap'])
		for (const { clean, record } of rows) {
			const { images, captions } = JSON.parse(await readFile(record, 'utf8')) as {
				images: { cleanRank: number }[]
				captions: { cleanRank: number }[]
			}
			for (const [direction, queries] of [
				[clean.imageToText, images],
				[clean.textToImage, captions],
			] as const) {
				expect(direction.queries).toBe(queries.length)
				for (const { k, recall } of direction.recalls) {
					expect(recall).toBe(queries.filter(({ cleanRank }) => cleanRank <= k).length / queries.length)
				}
			}
			expect(clean.imageToText.recalls.map(({ k }) => k)).toEqual([1, 5])
		}
		const again = await runJson(['retrieve', run, ...attack, '--k', '1,5', '--batch-size', '1', '--no-vanilla'])
		expect((again.document as { rows: Row[] }).rows[0]).toMatchObject({ clean: rows[1]?.clean as object })
	})

	it('finds captions of a file, and prints a table', async () => {
		const captions = join(folder, 'photos', 'captions.jsonl')
		const lines = [
			{ image: 'red_thing/0.png', captions: ['Something red.', 'noise'] },
			{ image: 'green_thing/1.png', captions: ['something green', 'Noise.'] },
		]
		await writeFile(captions, lines.map((line) => JSON.stringify(line)).join('\n'))
		const { code, stdout, stderr } = await runCli(['retrieve', run, ...attack, '--captions', captions, '--k', '1'])
		expect(code, stderr).toBe(0)
		expect(stdout).toMatch(/^nap +text to image +attacked +\d+\.\d % \[/m)
		expect(stdout).toContain('2 images and 3 captions of captions.jsonl')
		expect(stderr).toContain('1 captions repeat an earlier one')
	})

	it('names records by the captions, wherever their file lies', async () => {
		const record = async (place: string, image: string) => {
			await cp(join(folder, 'photos'), join(folder, place), { recursive: true })
			const captions = join(folder, place, 'some.json')
			const entries = [
				{ image: 'red_thing/0.png', captions: ['red'] },
				{ image, captions: ['green'] },
			]
			await writeFile(captions, JSON.stringify(entries))
			const args = ['retrieve', run, ...attack, '--captions', captions, '--k', '1', '--no-vanilla']
			const { code, document, stderr } = await runJson(args)
			expect(code, stderr).toBe(0)
			return basename((document as { rows: Row[] }).rows[0]!.record)
		}
		const first = await record('here', 'green_thing/1.png')
		expect(await record('moved', 'green_thing/1.png')).toBe(first)
		expect(await record('other', 'green_thing/2.png')).not.toBe(first)
	})

	it('says which line of a file cannot be used', async () => {
		const captions = join(folder, 'bad.jsonl')
		const long = 'a very long caption '.repeat(30)
		await writeFile(
			captions,
			`{"image":"photos/red_thing/0.png","captions":["a","${long}"]}\n{"image":"x.png","captions":["b"]}`,
		)
		const { code, stderr } = await runCli(['retrieve', run, ...attack, '--captions', captions])
		expect(code).toBe(1)
		expect(stderr).toMatch(/line 1: nap cannot read .* tokens/)
		expect(stderr).toMatch(/line 2: the image .*x\.png is missing/)
	})

	it('refuses a recall at nothing', async () => {
		const { code, stderr } = await runCli(['retrieve', run, '--k', '1,none'])
		expect(code).toBe(2)
		expect(stderr).toContain('whole number of at least 1')
	})
})

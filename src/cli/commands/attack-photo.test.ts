import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at } from '../../core/at.js'
import { loadCifar10Mini } from '../../data/cifar10-mini.js'
import type { attackPhoto } from '../../jobs/attack-photo.js'
import type { JobResult } from '../../jobs/job.js'
import { runCli, runJson } from '../cli.test.helper.js'

const demo = fileURLToPath(new URL('../../../results/demo', import.meta.url))
let folder: string
let photo: string
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-photo-'))
	const { test } = await loadCifar10Mini()
	const { rgb, width, height } = await test.image(5)
	photo = join(folder, 'a photo.png')
	await sharp(rgb, { raw: { width, height, channels: 3 } })
		.resize(200, 160, { fit: 'fill' })
		.png()
		.toFile(photo)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function pixels(path: string): Promise<{ data: Buffer; width: number; height: number }> {
	const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true })
	return { data, width: info.width, height: info.height }
}

describe('naptune attack PHOTO', () => {
	it('writes pictures of both attacks, and says what both models see in those very files', async () => {
		const output = join(folder, 'out')
		const options = ['--run', demo, '--attack', 'pgd-5', '--output', output, '--threads', '1']
		const { code, document } = await runJson(['attack', photo, ...options])
		expect(code).toBe(0)
		const found = document as JobResult<typeof attackPhoto>
		expect(found.attacked.map(({ model }) => model)).toEqual(['vanilla', 'nap'])
		const before = await pixels(found.before.file)
		expect([before.width, before.height]).toEqual([30, 30])
		const own = await pixels(photo)
		for (const { after, pasted } of found.attacked) {
			const changed = await pixels(after?.file ?? '')
			const difference = await pixels(after?.difference ?? '')
			for (const [index, level] of changed.data.entries()) {
				const change = level - before.data.readUInt8(index)
				expect(Math.abs(change)).toBeLessThanOrEqual(3)
				// Readable from the picture, and never at the end of the scale.
				const shown = difference.data.readUInt8(index)
				expect(Math.abs(shown - 128 - found.factor * change)).toBeLessThanOrEqual(1)
				expect(shown).toBeGreaterThan(20)
				expect(shown).toBeLessThan(235)
			}
			const large = await pixels(pasted?.file ?? '')
			expect([large.width, large.height]).toEqual([own.width, own.height])
			const largest = Math.max(...large.data.map((level, index) => Math.abs(level - own.data.readUInt8(index))))
			expect(largest).toBe(pasted?.largestChange)
			expect(largest).toBeLessThanOrEqual(3)
		}
		// The pasted photo as classify reads it from its file.
		const file = at(found.attacked, 1).pasted?.file ?? ''
		const { document: again } = await runJson(['classify', file, '--run', demo, '--top', '3', '--threads', '1'])
		const { images } = again as { images: { classes: unknown }[] }
		expect(at(images, 0).classes).toEqual(at(found.attacked, 1).pasted?.seen[1]?.classes)
		expect((await pixels(found.sheet)).width).toBeGreaterThan(800)
	})

	it('attacks vanilla CLIP alone, and refuses what belongs to the other kind of attack', async () => {
		const names = join(folder, 'names.txt')
		await writeFile(names, 'cat\ndog\x1b[31m & <b>\n')
		const vanilla = ['attack', photo, '--classes', names, '--epsilon', '3/255', '--attack', 'pgd-5']
		const { code, stdout, stderr } = await runCli([...vanilla, '--output', join(folder, 'vanilla'), '--threads', '1'])
		expect([code, stderr.includes('Error')]).toEqual([0, false])
		expect(stdout).toContain('vanilla sees')
		const wrong: readonly (readonly [readonly string[], number, string])[] = [
			[[photo, '--run', demo, '--limit', '3'], 2, "'--limit <count>' applies to ONNX models"],
			[[photo, '--run', demo, '--classes', 'a,b'], 2, 'because the run has its own classes'],
			[['--run', demo], 2, 'naptune attack PHOTO --run RUN'],
			[[photo], 1, '--epsilon 4/255'],
			[[photo, '--run', demo, '--label', 'automobil'], 1, 'Did you mean automobile?'],
			[[join(folder, 'none.jpg'), '--run', demo], 1, 'does not exist'],
		]
		for (const [args, exit, message] of wrong) {
			const failed = await runCli(['attack', ...args, '--threads', '1'])
			expect([failed.code, failed.stderr], message).toEqual([exit, expect.stringContaining(message)])
		}
	})
})

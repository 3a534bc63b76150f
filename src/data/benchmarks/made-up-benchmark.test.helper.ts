/** A small data set in the layout of EuroSAT, made for a test. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'

/** Images of the two classes and three splits. */
export const madeUpImages = [
	'forest/1.png',
	'forest/2.png',
	'forest/3.png',
	'river/1.png',
	'river/2.png',
	'river/3.png',
]

/** Writes it below a data root, as `eurosat`. @returns The data set's folder. */
export async function writeMadeUpBenchmark(root: string, size = 4): Promise<string> {
	const folder = join(root, 'eurosat')
	const rows = (number: number) => [
		[`forest/${number}.png`, 0, 'Forest'],
		[`river/${number}.png`, 1, 'River'],
	]
	for (const [at, name] of madeUpImages.entries()) {
		await mkdir(join(folder, '2750', name, '..'), { recursive: true })
		const background = { r: 40 * at, g: 200, b: 100 }
		await sharp({ create: { width: size, height: size, channels: 3, background } }).toFile(join(folder, '2750', name))
	}
	const split = { train: rows(1), val: rows(2), test: rows(3) }
	await writeFile(join(folder, 'split_zhou_EuroSAT.json'), JSON.stringify(split))
	return folder
}

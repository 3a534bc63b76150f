/** Picture files made for a test, and the split of them. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { generator } from '../../random/counter-based.js'
import type { Split } from '../dataset.js'
import { fileSplit } from './file-split.js'

/** Noisy pictures of different sizes, JPEG and PNG in turn; those at `damaged` positions are no images. */
export async function pictureFiles(folder: string, count: number, damaged: readonly number[] = []): Promise<Split> {
	const files = Array.from({ length: count }, (_, index) => {
		const id = `${index}.${index % 2 === 0 ? 'jpg' : 'png'}`
		return { id, label: index % 3, path: join(folder, id) }
	})
	for (const [index, { path }] of files.entries()) {
		if (damaged.includes(index)) {
			await writeFile(path, 'no picture')
			continue
		}
		const [width, height] = [40 + 3 * index, 52 - 2 * index]
		const stream = generator(1, 'test-file', index)
		const rgb = Uint8Array.from({ length: width * height * 3 }, () => stream.below(256))
		await sharp(rgb, { raw: { width, height, channels: 3 } }).toFile(path)
	}
	return fileSplit(files)
}

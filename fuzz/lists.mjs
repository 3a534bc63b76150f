/** Inputs of lists of images: the list, and two pictures. */

import { join } from 'node:path'
import sharp from 'sharp'
import { command } from './cli.mjs'

/** A target of one list. @param name Name of the file. @param texts Intact lists. */
export function listTarget(name, texts) {
	return {
		changes: (file) => file === name,
		async prepare() {
			const picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
				.png()
				.toBuffer()
			return {
				inputs: texts.map((text) => ({ [name]: Buffer.from(text), 'images/0.png': picture, 'images/1.png': picture })),
			}
		},
		read: (folder) => command('data', 'doctor', join(folder, name), '--decode', 'none', '--quiet'),
	}
}

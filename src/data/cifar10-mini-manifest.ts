/** The manifest of data/cifar10-mini: the CIFAR-10 image behind each tile, and the checksum of its pixels. */

import { z } from 'zod'

const split = z.object({
	/** Name of the sprite in the manifest's folder. */
	file: z.string(),
	/** Tiles per row of the sprite. */
	columns: z.int().positive(),
	/** Tiles row by row. */
	images: z.array(
		z.object({
			/** Split and position in CIFAR-10, such as `train/29`. */
			cifar10: z.string(),
			label: z.int().nonnegative(),
			/** SHA-256 of the tile's bytes, height by width by RGB. */
			sha256: z.hex().length(64),
		}),
	),
})

export const cifar10MiniManifest = z.object({
	name: z.literal('cifar10-mini'),
	/** Height and width of a tile in pixels. */
	imageSize: z.int().positive(),
	classNames: z.array(z.string()),
	/** Seed of the choice of images. */
	seed: z.int().nonnegative(),
	splits: z.object({ train: split, validation: split, test: split }),
})

export type Cifar10MiniManifest = z.output<typeof cifar10MiniManifest>

/** The manifest as text, one image per line. */
export function formatManifest({ splits, ...head }: Cifar10MiniManifest): string {
	const blocks = Object.entries(splits).map(([name, { file, columns, images }]) => {
		const lines = images.map((image) => `\t\t\t\t${JSON.stringify(image)}`).join(',\n')
		return `\t\t"${name}": {\n\t\t\t"file": ${JSON.stringify(file)},\n\t\t\t"columns": ${columns},\n\t\t\t"images": [\n${lines}\n\t\t\t]\n\t\t}`
	})
	const fields = Object.entries(head).map(([name, value]) => `\t"${name}": ${JSON.stringify(value)},\n`)
	return `{\n${fields.join('')}\t"splits": {\n${blocks.join(',\n')}\n\t}\n}\n`
}

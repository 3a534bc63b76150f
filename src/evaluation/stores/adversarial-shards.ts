/**
 * The shards of a store of adversarial images: safetensors files with float32 images named by their ids and with labels and
 * fingerprints in the metadata, written atomically.
 */

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { at, entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { rowSize } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import { readSafetensorsHeader, readSafetensorsTensors, writeSafetensors } from '../../files/safetensors.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { type StoredImageEntry, storedImagesSchema } from '../../records/adversarial-images.js'

/** What is known about a stored image without reading it. */
export interface StoredImage extends StoredImageEntry {
	/** File that holds it. */
	readonly path: string
}

/** Images to store together. */
export interface AdversarialBatch {
	readonly ids: readonly string[]
	readonly labels: readonly number[]
	/** [n, C, H, W] in [0, 1]. */
	readonly clean: Tensor<'float32'>
	/** [n, C, H, W] in [0, 1]. */
	readonly images: Tensor<'float32'>
}

const shardName = /^images-(\d{6,})\.safetensors$/

/** Paths of the shards of a store, in the order of writing. @throws NaptuneError for a folder that cannot be read. */
export async function listShards(folder: string): Promise<string[]> {
	const names = await readdir(folder).catch((error: Error) => {
		throw new NaptuneError('NAP_FILE_UNREADABLE', `Cannot read ${folder}: ${error.message}.`, { cause: error })
	})
	return names
		.filter((name) => shardName.test(name))
		.sort((a, b) => numberOf(a) - numberOf(b))
		.map((name) => join(folder, name))
}

/** The path of the shard after these. */
export function nextShard(folder: string, shards: readonly string[]): string {
	const final = shards.at(-1)
	const number = final === undefined ? 0 : numberOf(final) + 1
	return join(folder, `images-${String(number).padStart(6, '0')}.safetensors`)
}

/**
 * Writes a shard.
 * @param manifest Fingerprint of the manifest of its images.
 * @throws NaptuneError if the file already exists or cannot be written, in which case nothing of it remains.
 */
export async function writeShard(
	path: string,
	manifest: string,
	{ ids, labels, clean, images }: AdversarialBatch,
): Promise<StoredImage[]> {
	if (existsSync(path)) {
		throw new NaptuneError(
			'NAP_FILE_UNWRITABLE',
			`${path} appeared while adversarial images were being made: another program writes to the same folder. Let it finish, or use another folder.`,
		)
	}
	const stored = ids.map((id, row) => ({
		id,
		label: at(labels, row),
		clean: sha256OfBytes(rowBytes(clean, row)),
		adversarial: sha256OfBytes(rowBytes(images, row)),
	}))
	const shape = images.shape.slice(1)
	await writeSafetensors(
		path,
		Object.fromEntries(ids.map((id, row) => [id, { dtype: 'F32', shape, data: rowBytes(images, row) }])),
		{ manifest, images: JSON.stringify(stored) },
	)
	return stored.map((image) => ({ ...image, path }))
}

/**
 * The content of a shard, without reading its images.
 * @param manifest Fingerprint of the store's manifest.
 * @throws NaptuneError if it is truncated or damaged, or its images were made under another manifest or have another shape.
 */
export async function inspectShard(
	path: string,
	manifest: string,
	imageShape: readonly number[],
): Promise<StoredImage[]> {
	const { tensors, metadata } = await readSafetensorsHeader(path).catch((error: unknown) => {
		throw damaged(path, (error as Error).message, error)
	})
	const entries = storedImagesSchema.safeParse(parsed(metadata.images))
	if (!entries.success) throw damaged(path, 'It does not say which images it holds.')
	if (metadata.manifest !== manifest) {
		throw new NaptuneError(
			'NAP_FILE_DAMAGED',
			`${path} does not match the manifest beside it: one of the two was changed or copied from elsewhere. Restore the folder, or generate the images again in another one.`,
		)
	}
	for (const { id } of entries.data) {
		const tensor = tensors.get(id)
		if (tensor?.dtype === 'F32' && tensor.shape.join() === imageShape.join()) continue
		const found = tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'missing'
		throw damaged(path, `Image ${id} is ${found}, not F32 [${imageShape.join(', ')}].`)
	}
	return entries.data.map((item) => ({ ...item, path }))
}

/**
 * Images of one shard by id, each verified against its fingerprint.
 * @throws NaptuneError if the shard is damaged.
 */
export async function readShardImages(
	path: string,
	images: readonly StoredImage[],
): Promise<ReadonlyMap<string, Float32Array>> {
	const ids = images.map(({ id }) => id)
	const tensors = await readSafetensorsTensors(path, ids).catch((error: unknown) => {
		throw damaged(path, (error as Error).message, error)
	})
	return new Map(
		images.map(({ id, adversarial }) => {
			const { data } = entry(tensors, id)
			if (sha256OfBytes(data) !== adversarial) throw damaged(path, `Image ${id} is not the one that was written.`)
			return [id, new Float32Array(data.buffer)]
		}),
	)
}

/** The bytes of one row. */
export function rowBytes(images: Tensor<'float32'>, row: number): Uint8Array {
	const size = rowSize(images)
	const { buffer, byteOffset } = images.data
	return new Uint8Array(buffer, byteOffset + row * size * 4, size * 4)
}

function damaged(path: string, what: string, cause?: unknown): NaptuneError {
	return new NaptuneError(
		'NAP_FILE_DAMAGED',
		`${path} is damaged. ${what} Delete this file and generate again: only its images are remade.`,
		{ cause },
	)
}

function parsed(text: string | undefined): unknown {
	try {
		return JSON.parse(text ?? '')
	} catch {
		return undefined
	}
}

function numberOf(path: string): number {
	return Number(/(\d+)\.safetensors$/.exec(path)![1])
}

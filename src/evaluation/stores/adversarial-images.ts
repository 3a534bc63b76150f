/** Stores of adversarial images: a folder with a manifest and float32 images, made once and scored against any number of models. */

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import type { AttackImages } from '../../attacks/run/run-attack.js'
import { checkPerturbation } from '../../attacks/sets/check-perturbation.js'
import { entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { float32 } from '../../core/tensor.js'
import { removeLeftovers } from '../../files/atomic-write.js'
import { makeFolder } from '../../files/make-folder.js'
import { type AdversarialManifest, adversarialManifestForm } from '../../records/adversarial-images.js'
import { jsonFingerprint } from '../../records/fingerprint.js'
import { parseRecord, writeRecord } from '../../records/record-kind.js'
import { differences } from '../../records/settings.js'
import { manifestPath, readAdversarialManifest } from './adversarial-manifest.js'
import {
	type AdversarialBatch,
	inspectShard,
	listShards,
	nextShard,
	readShardImages,
	type StoredImage,
	writeShard,
} from './adversarial-shards.js'

export type { AdversarialManifest } from '../../records/adversarial-images.js'
export type { AdversarialBatch, StoredImage } from './adversarial-shards.js'

/** Stored adversarial images, read on demand. Positions and ids are in the order of their creation. */
export interface AdversarialImages extends Omit<AttackImages, 'targets'> {
	readonly manifest: AdversarialManifest
	/** SHA-256 of the manifest, which every shard holds. */
	readonly fingerprint: string
	/** The description of an image by id; undefined if it is not stored. */
	find(id: string): StoredImage | undefined
	/** Position of an image in `ids`. @throws NaptuneError for one that is not stored. */
	position(id: string): number
}

/** A store open for appending. */
export interface AdversarialImagesWriter {
	/** Ids of the images that are stored. */
	readonly done: ReadonlySet<string>
	/**
	 * Stores images as one shard and waits until they are on disk; after a kill they exist completely or not at all.
	 * @throws NaptuneError if an image is already stored or outside the threat model, shapes disagree, or the file cannot be
	 * written (the disk is full); earlier shards are intact.
	 */
	append(batch: AdversarialBatch): Promise<void>
}

/**
 * Creates a store, or opens an existing one to continue.
 * @param manifest Everything that decides the images.
 * @throws NaptuneError for an invalid manifest, a folder with images made under another manifest or with other files, a
 * damaged shard, or a folder that cannot be written.
 */
export async function openAdversarialImages(
	folder: string,
	manifest: AdversarialManifest,
): Promise<AdversarialImagesWriter> {
	const own = parseRecord(
		adversarialManifestForm,
		JSON.parse(JSON.stringify(manifest)),
		'The manifest of adversarial images',
	)
	const started = existsSync(manifestPath(folder))
	if (started) await requireSame(folder, own)
	await makeFolder(folder)
	await removeLeftovers(folder)
	if (!started) {
		if ((await readdir(folder)).length > 0) {
			throw new NaptuneError(
				'NAP_RUN_DIFFERS',
				`${folder} is not empty and holds no adversarial images. Give an empty or new folder.`,
			)
		}
		await writeRecord(adversarialManifestForm, manifestPath(folder), own)
	}
	// The stored manifest: its notices may differ, and the shards are bound to it.
	const { fingerprint, shards, images } = await contents(folder)
	const paths = [...shards]
	const done = new Set(images.keys())
	return {
		done,
		async append(batch) {
			checkBatch(batch, own, done)
			const path = nextShard(folder, paths)
			await writeShard(path, fingerprint, batch)
			paths.push(path)
			for (const id of batch.ids) done.add(id)
		},
	}
}

/**
 * Opens a store for reading; images are read and verified on demand.
 * @throws NaptuneError if the folder is not a store, or a shard is damaged or belongs to other images.
 */
export async function readAdversarialImages(folder: string): Promise<AdversarialImages> {
	const { manifest, fingerprint, images } = await contents(folder)
	const stored = [...images.values()]
	const positions = new Map(stored.map(({ id }, position) => [id, position]))
	const { imageShape } = manifest
	const size = imageShape.reduce((product, n) => product * n, 1)
	return {
		manifest,
		fingerprint,
		ids: stored.map(({ id }) => id),
		labels: stored.map(({ label }) => label),
		find: (id) => images.get(id),
		position(id) {
			const position = positions.get(id)
			if (position !== undefined) return position
			throw new NaptuneError(
				'NAP_DATA_MISSING',
				`${folder} holds no adversarial image for ${id}; it holds ${stored.length}. Generate the missing ones with the same settings.`,
			)
		},
		async pixels(wanted) {
			const data = new Float32Array(wanted.length * size)
			const rows = wanted.map((position) => {
				const image = stored[position]
				if (!image) throw new RangeError(`Position ${position} of ${stored.length} stored images.`)
				return image
			})
			for (const path of new Set(rows.map((image) => image.path))) {
				const read = await readShardImages(
					path,
					rows.filter((image) => image.path === path),
				)
				rows.forEach((image, row) => {
					if (image.path === path) data.set(entry(read, image.id), row * size)
				})
			}
			return float32([wanted.length, ...imageShape], data)
		},
	}
}

async function contents(folder: string) {
	const manifest = await readAdversarialManifest(folder)
	const fingerprint = jsonFingerprint(manifest)
	const shards = await listShards(folder)
	const images = new Map<string, StoredImage>()
	for (const path of shards) {
		for (const image of await inspectShard(path, fingerprint, manifest.imageShape)) {
			const earlier = images.get(image.id)
			if (earlier) {
				throw new NaptuneError(
					'NAP_FILE_DAMAGED',
					`Image ${image.id} is stored twice, in ${earlier.path} and in ${path}. Delete one of these files and generate again.`,
				)
			}
			images.set(image.id, image)
		}
	}
	return { manifest, fingerprint, shards, images }
}

async function requireSame(folder: string, manifest: AdversarialManifest): Promise<void> {
	const changed = differences(adversarialManifestForm.schema, await readAdversarialManifest(folder), manifest)
	if (changed.length === 0) return
	throw new NaptuneError(
		'NAP_RUN_DIFFERS',
		`${folder} holds adversarial images with other settings: they differ in ${changed.join(', ')}. Use the same settings, models and data, or another folder.`,
	)
}

function checkBatch(
	{ ids, labels, clean, images }: AdversarialBatch,
	{ imageShape, threatModel }: AdversarialManifest,
	done: ReadonlySet<string>,
): void {
	const expected = [ids.length, ...imageShape].join(', ')
	if (images.shape.join(', ') !== expected || labels.length !== ids.length) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`A store for images [${imageShape.join(', ')}] received images [${images.shape.join(', ')}] with ${ids.length} ids and ${labels.length} labels; it needs [${expected}] and one label per id.`,
		)
	}
	const twice = ids.find((id, row) => done.has(id) || ids.indexOf(id) !== row)
	if (twice !== undefined)
		throw new NaptuneError('NAP_ARGUMENT_INVALID', `The adversarial image of ${twice} is already stored.`)
	checkPerturbation(clean, images, threatModel, ids)
}

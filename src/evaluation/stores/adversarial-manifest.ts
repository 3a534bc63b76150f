/** What a store of adversarial images says of how they came about. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import type { Dataset } from '../../data/dataset.js'
import { readJsonFile } from '../../files/json-file.js'
import type { ClipModel } from '../../vlm/model.js'
import { knowledgeNames } from '../deployed/knowledge.js'

const count = z.int().nonnegative()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 was expected')
const json = z.record(z.string(), z.unknown())
const chosen = z.strictObject({ name: z.string(), options: json })

/** A manifest as it lies on disk; one format of the store with its shards. */
export const adversarialManifestSchema = z.strictObject({
	format: z.literal(1),
	/** The attack with every option. */
	attack: z.strictObject({ name: z.string(), attack: z.string(), source: z.string(), options: json }),
	/** What the images were made on: surrogates, with how pixels are given to them, or the attacked model itself. */
	models: z.array(z.strictObject({ name: z.string(), sha256, reads: json.optional() })).min(1),
	/** Of images that were kept of an evaluation: what else it was of. Whatever the attacker did not know still chose them. */
	evaluation: z
		.strictObject({
			/** Of the defense that was attacked. */
			options: json,
			testTime: chosen.optional(),
			knowledge: z.enum(knowledgeNames),
			/** The model that gradients were taken of, where it was not the attacked one. */
			knownModel: chosen.optional(),
			/** Position of the class that was aimed at. */
			target: count.optional(),
		})
		.optional(),
	threatModel: z.strictObject({ norm: z.enum(['linf', 'l2']), epsilon: z.number().nonnegative() }),
	/** Seed of the attack's random choices. */
	seed: count,
	/** [channels, height, width] of one image. */
	imageShape: z.tuple([z.int().positive(), z.int().positive(), z.int().positive()]),
	/** How an image of the data became pixels. */
	preprocessing: json,
	/**
	 * Where the images are from. Which of them are stored is not part of it: every image is made for itself, so that more
	 * can be added later.
	 */
	dataset: z.strictObject({
		name: z.string(),
		origin: json,
		notices: z.array(z.string()),
		split: z.string(),
		classNames: z.array(z.string()).min(1),
	}),
	versions: z.strictObject({ naptune: z.string(), engine: z.string(), device: z.string() }),
})

/** Everything that decides the images of a store; JSON. */
export type AdversarialManifest = z.output<typeof adversarialManifestSchema>

/** What a manifest says of the clean images. @param split Name of the split. */
export function cleanImagesManifest(
	{ config, checkpoint }: ClipModel,
	{ name, origin, notices, classNames }: Pick<Dataset, 'name' | 'origin' | 'notices' | 'classNames'>,
	split: string,
): Pick<AdversarialManifest, 'imageShape' | 'preprocessing' | 'dataset'> {
	const { imageSize } = config.vision
	return {
		imageShape: [3, imageSize, imageSize],
		preprocessing: { ...checkpoint.preprocessor },
		dataset: { name, origin: { ...origin }, notices: [...notices], split, classNames: [...classNames] },
	}
}

/** Where the manifest of a store lies. */
export function manifestPath(folder: string): string {
	return join(folder, 'manifest.json')
}

/** Reads a store's manifest. @throws NaptuneError when the folder is no store, or of a format that this version does not read. */
export async function readAdversarialManifest(folder: string): Promise<AdversarialManifest> {
	const path = manifestPath(folder)
	if (!existsSync(path)) {
		throw new NaptuneError(
			`${folder} holds no adversarial images: ${path} is missing. Make them with naptune generate.`,
		)
	}
	return checkAdversarialManifest(await readJsonFile(path), path)
}

/** @param name For the error. @throws NaptuneError when a value is not a manifest of this format. */
export function checkAdversarialManifest(value: unknown, name: string): AdversarialManifest {
	const parsed = adversarialManifestSchema.safeParse(value)
	if (parsed.success) return parsed.data
	throw new NaptuneError(`${name} is not a manifest that this version reads:\n${z.prettifyError(parsed.error)}`)
}

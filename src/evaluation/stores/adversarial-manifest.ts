/** The manifest of a store of adversarial images, which says how they were made. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import type { Dataset } from '../../data/dataset.js'
import { type AdversarialManifest, adversarialManifestForm } from '../../records/adversarial-images.js'
import { manifestFile } from '../../records/names.js'
import { readRecord } from '../../records/record-kind.js'
import type { ClipModel } from '../../vlm/model.js'

/** The manifest's description of the clean images. @param split Name of the split. */
export function cleanImagesManifest(
	{ config, checkpoint }: ClipModel,
	{ name, origin, notices, classNames }: Pick<Dataset, 'name' | 'origin' | 'notices' | 'classNames'>,
	split: string,
): Pick<AdversarialManifest, 'imageShape' | 'preprocessing' | 'dataset'> {
	const { imageSize } = config.vision
	return {
		imageShape: [3, imageSize, imageSize],
		preprocessing: { ...checkpoint.preprocessor },
		dataset: { name, origin, notices, split, classNames },
	}
}

/** Location of a store's manifest. */
export function manifestPath(folder: string): string {
	return join(folder, manifestFile)
}

/** Reads a store's manifest. @throws NaptuneError if the folder is not a store, or has a format that this version cannot read. */
export async function readAdversarialManifest(folder: string): Promise<AdversarialManifest> {
	const path = manifestPath(folder)
	if (!existsSync(path)) {
		throw new NaptuneError(
			'NAP_FILE_MISSING',
			`${folder} holds no adversarial images: ${path} is missing. Make them with naptune generate.`,
		)
	}
	return readRecord(adversarialManifestForm, path)
}

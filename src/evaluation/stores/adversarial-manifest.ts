/** What a store of adversarial images says of how they came about. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import type { Dataset } from '../../data/dataset.js'
import { type AdversarialManifest, adversarialManifestForm } from '../../records/adversarial-images.js'
import { manifestFile } from '../../records/names.js'
import { readRecord } from '../../records/record-kind.js'
import type { ClipModel } from '../../vlm/model.js'

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
		dataset: { name, origin, notices, split, classNames },
	}
}

/** Where the manifest of a store lies. */
export function manifestPath(folder: string): string {
	return join(folder, manifestFile)
}

/** Reads a store's manifest. @throws NaptuneError when the folder is no store, or of a format that this version does not read. */
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

/** Writes random weights of image towers to disk, large and read by reference like those of a real checkpoint. */

import { join } from 'node:path'
import { seededWeights } from '../checkpoints/seeded-checkpoint.js'
import { entry } from '../core/at.js'
import { type NamedChunks, readSafetensorsHeader, writeSafetensorsStream } from '../files/safetensors.js'
import type { ClipConfig } from '../vlm/config.js'
import type { WeightReference } from '../vlm/weights.js'
import { type BenchFolder, benchFolder } from './bench-folder.js'

/** Weights in a temporary file. */
export interface BenchWeights extends BenchFolder {
	/** The image tower's weights of each config by their Hugging Face names, in the order of the configs. */
	readonly weights: readonly ReadonlyMap<string, WeightReference>[]
}

/**
 * Writes seeded random weights of image towers into one file in a new folder; weights common to two geometries are written
 * once (about 350 MB for ViT-B/32 and ViT-B/16).
 * @param directory An existing folder.
 * @throws NaptuneError when the folder cannot be written.
 */
export async function writeBenchWeights(
	configs: readonly ClipConfig[],
	seed: number,
	directory: string,
): Promise<BenchWeights> {
	const stored = (weight: Pick<NamedChunks, 'name' | 'shape'>) => `${weight.name}:${weight.shape.join('x')}`
	const perConfig = configs.map((config) => seededWeights(config, seed).filter(({ name }) => !name.startsWith('text_')))
	const all = new Map(perConfig.flat().map((weight) => [stored(weight), weight]))
	return benchFolder(directory, async (folder) => {
		const file = join(folder, 'model.safetensors')
		await writeSafetensorsStream(
			file,
			[...all].map(([name, weight]) => ({ ...weight, name })),
		)
		const { tensors } = await readSafetensorsHeader(file)
		const reference = (weight: NamedChunks): WeightReference => ({ ...entry(tensors, stored(weight)), file })
		return { weights: perConfig.map((own) => new Map(own.map((weight) => [weight.name, reference(weight)]))) }
	})
}

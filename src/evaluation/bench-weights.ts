/** Random weights of image towers on disk, where a real checkpoint's weights are: large, and read by reference. */

import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClipConfig } from '../clip/config.js'
import { seededWeights } from '../clip/seeded-checkpoint.js'
import type { WeightReference } from '../clip/weights.js'
import { explainWriteFailure } from '../files/atomic-write.js'
import { type NamedChunks, readSafetensorsHeader, writeSafetensorsStream } from '../files/safetensors.js'

/** Weights in a file that is there for a while. */
export interface BenchWeights {
	/** The image tower's weights of each config by their Hugging Face names, in the order of the configs. */
	readonly weights: readonly ReadonlyMap<string, WeightReference>[]
	/** Deletes the file. */
	remove(): Promise<void>
}

/**
 * Writes seeded random weights of image towers into one file in a new folder; what two geometries have in common is
 * written once (about 350 MB for ViT-B/32 and ViT-B/16).
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
	const folder = await mkdtemp(join(directory, 'naptune-bench-')).catch((error: unknown) => {
		throw explainWriteFailure(error, directory)
	})
	// Also when the process is ended in the middle.
	const removeAtExit = () => rmSync(folder, { recursive: true, force: true })
	process.once('exit', removeAtExit)
	const remove = async () => {
		await rm(folder, { recursive: true, force: true })
		process.off('exit', removeAtExit)
	}
	try {
		const file = join(folder, 'model.safetensors')
		await writeSafetensorsStream(
			file,
			[...all].map(([name, weight]) => ({ ...weight, name })),
		)
		const { tensors } = await readSafetensorsHeader(file)
		const reference = (weight: NamedChunks): WeightReference => ({ ...tensors.get(stored(weight))!, file })
		return { weights: perConfig.map((own) => new Map(own.map((weight) => [weight.name, reference(weight)]))), remove }
	} catch (error) {
		await remove()
		throw error
	}
}

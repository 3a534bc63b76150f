/** CLIP checkpoints of any geometry with random weights that a reference in another language can make, too. */

import { join } from 'node:path'
import { entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { makeFolder } from '../files/make-folder.js'
import { type NamedChunks, writeSafetensorsStream } from '../files/safetensors.js'
import { type ClipConfig, parseClipConfig } from '../vlm/config.js'
import { expectedWeights } from '../vlm/expected-weights.js'
import { fillSeeded, type SeededRange } from './seeded-values.js'

/** Elements made at a time: 4 MB. */
const chunkLength = 1 << 20

/**
 * Writes a checkpoint in the layout of Hugging Face with seeded random weights: `config.json` and `model.safetensors`
 * (float32, streamed: about 600 MB for a ViT-B). The weights depend on geometry, logit scale and seed only; the formula is
 * in fixtures/vit-b-32/README.md. The activations of such a model stay of a size that real ones have.
 * @param directory Created where it does not exist.
 * @param config The content of a `config.json`, written as it is.
 * @param seed A whole number in [0, 2^32).
 * @throws NaptuneError when the config is invalid, the seed is not such a number, or the directory cannot be written.
 */
export async function writeSeededCheckpoint(directory: string, config: object, seed: number): Promise<void> {
	if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The seed of a checkpoint is ${seed}; expected a whole number from 0 to 4294967295.`,
		)
	}
	const weights = seededWeights(parseClipConfig(config), seed)
	await makeFolder(directory)
	await writeSafetensorsStream(join(directory, 'model.safetensors'), weights)
	await writeFileAtomic(join(directory, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
}

/**
 * All weights of a geometry, made when they are written; the stream of a weight is its place among the sorted names.
 * @param seed A whole number in [0, 2^32).
 */
export function seededWeights(config: ClipConfig, seed: number): NamedChunks[] {
	const shapes = expectedWeights(config)
	return [...shapes.keys()].sort().map((name, stream) => {
		const shape = entry(shapes, name)
		const range = name === 'logit_scale' ? fixed(config.logitScaleInit ?? 2.6592) : seededRange(name, shape)
		return { name, dtype: 'F32', shape, chunks: () => seededChunks(shape, seed, stream, range) }
	})
}

function fixed(value: number): SeededRange {
	return { scale: 0, offset: value }
}

/** Scale and offset of a weight by its name and shape; every scale is a power of two. */
export function seededRange(name: string, shape: readonly number[]): SeededRange {
	if (/(layer_norm\d?|layernorm|layrnorm)\.weight$/.test(name)) return { scale: 1 / 4, offset: 1 }
	if (name.endsWith('.bias') || name.endsWith('position_embedding.weight')) return { scale: 1 / 4, offset: 0 }
	if (name.endsWith('token_embedding.weight') || name.endsWith('class_embedding')) return { scale: 1 / 2, offset: 0 }
	const fanIn = shape.slice(1).reduce((product, n) => product * n, 1)
	let scale = 1
	while (6 / scale ** 2 < fanIn) scale /= 2
	return { scale, offset: 0 }
}

function* seededChunks(
	shape: readonly number[],
	seed: number,
	stream: number,
	range: SeededRange,
): Generator<Uint8Array> {
	const count = shape.reduce((product, n) => product * n, 1)
	for (let first = 0; first < count; first += chunkLength) {
		const chunk = new Float32Array(Math.min(chunkLength, count - first))
		fillSeeded(chunk, seed, stream, range, first)
		yield new Uint8Array(chunk.buffer)
	}
}

/** The weights of a checkpoint folder as references to float32 data, checked against the config. */

import { realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { at, entry } from '../core/at.js'
import { sha256OfBytes, sha256OfFile } from '../files/sha256.js'
import { checkWeights, nonFiniteError } from '../vlm/expected-weights.js'
import type { WeightReference } from '../vlm/weights.js'
import { withoutPrefix } from './name-prefix.js'
import { scanFloat32File } from './scan-weights.js'
import { convertedWeights } from './weight-cache.js'
import { readStoredWeights, type StoredTensor, type StoredWeights } from './weight-files.js'

/** References to all expected weights, and the fingerprint of the published files. */
export interface LoadedWeights {
	/** SHA-256 of the weights file; of the lines `sha256  name` of all shards, sorted by name, where there are several. */
	readonly sha256: string
	readonly weights: ReadonlyMap<string, WeightReference>
}

/**
 * Finds and checks the weights of a checkpoint folder. Float32 safetensors are referred to in place; everything else is
 * converted once (see weight-cache.ts). A prefix before every name, such as `module.`, is taken off.
 * @param expected Shape of each weight that must be there; others are ignored.
 * @param cacheDirectory Where converted weights are kept.
 * @param onNotice Told of a prefix, and when converted weights were damaged and had to be made again.
 * @throws NaptuneError when files are missing or damaged, tensors are missing, of another shape or type, or not finite.
 */
export async function loadWeights(
	directory: string,
	expected: ReadonlyMap<string, readonly number[]>,
	cacheDirectory: string,
	onNotice: (notice: string) => void = () => {},
): Promise<LoadedWeights> {
	const { weights: stored, prefix } = withoutPrefix(await readStoredWeights(directory), expected)
	if (prefix !== undefined) {
		onNotice(`The weights of ${directory} have ${JSON.stringify(prefix)} before every name; it was taken off.`)
	}
	const files = stored.files.map((file) => basename(file)).join(', ')
	checkWeights(stored.tensors, expected, `The weights in ${files} and the config.json of ${directory}`)
	if (await usableInPlace(stored, expected)) return inPlace(stored, expected)
	const digests = await Promise.all(stored.files.map(sha256OfFile))
	const sha256 = combined(stored.files, digests)
	const { file, header } = await convertedWeights(stored, sha256, new Set(expected.keys()), cacheDirectory, onNotice)
	const weights = new Map(
		[...expected].map(([name, shape]) => {
			const { offset, length } = entry(header.tensors, name)
			return [name, { file, offset, length, shape }]
		}),
	)
	return { sha256, weights }
}

/** The engine reads float32 at multiples of 4, and all files of a program from one real folder. */
async function usableInPlace(
	{ format, files, tensors }: StoredWeights,
	expected: ReadonlyMap<string, readonly number[]>,
): Promise<boolean> {
	if (format !== 'safetensors') return false
	const needed = [...expected.keys()].map((name) => entry(tensors, name))
	if (needed.some(({ dtype, offset }) => dtype !== 'F32' || offset % 4 !== 0)) return false
	const folders = await Promise.all(files.map(async (file) => dirname(await realpath(file))))
	return new Set(folders).size === 1
}

async function inPlace(
	{ files, tensors }: StoredWeights,
	expected: ReadonlyMap<string, readonly number[]>,
): Promise<LoadedWeights> {
	const weights = new Map([...expected].map(([name, shape]) => [name, reference(entry(tensors, name), shape)]))
	const digests: string[] = []
	for (const file of files) {
		const ranges = [...weights].flatMap(([name, { offset, length, file: own }]) =>
			own === file ? [{ name, offset, length }] : [],
		)
		const { sha256, nonFinite } = await scanFloat32File(file, ranges)
		if (nonFinite.length > 0) throw nonFiniteError(nonFinite, file)
		digests.push(sha256)
	}
	return { sha256: combined(files, digests), weights }
}

function reference({ file, offset }: StoredTensor, shape: readonly number[]): WeightReference {
	return { file, offset, length: shape.reduce((product, n) => product * n, 4), shape }
}

function combined(files: readonly string[], digests: readonly string[]): string {
	if (digests.length === 1) return at(digests, 0)
	return sha256OfBytes(files.map((file, index) => `${digests[index]}  ${basename(file)}\n`).join(''))
}

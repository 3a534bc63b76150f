/** The weights of a checkpoint folder as references to float32 data, checked against the config. */

import { realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { at, entry } from '../core/at.js'
import { defined } from '../core/defined.js'
import { sha256OfBytes, sha256OfFile } from '../files/sha256.js'
import { checkWeights, nonFiniteError } from '../vlm/expected-weights.js'
import type { WeightReference } from '../vlm/weights.js'
import { canonicalStored, withoutPrefix } from './name-prefix.js'
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
 * Finds and checks the weights of a checkpoint folder in the layout of transformers; see {@link loadStored}.
 * @throws NaptuneError as it does, and when there are no weights.
 */
export async function loadWeights(
	directory: string,
	expected: ReadonlyMap<string, readonly number[]>,
	cacheDirectory: string,
	onNotice: (notice: string) => void = () => {},
): Promise<LoadedWeights> {
	const stored = await readStoredWeights(directory)
	return loadStored(stored, expected, {
		what: `the config.json of ${directory}`,
		from: directory,
		cacheDirectory,
		onNotice,
	})
}

/** What {@link loadStored} needs besides weights. */
export interface LoadStoredOptions {
	/** The source of the expected weights, for errors. */
	readonly what: string
	/** The folder or file, for notices. */
	readonly from: string
	/** Folder for converted weights. */
	readonly cacheDirectory: string
	/** Called about a prefix, and when damaged converted weights had to be made again. */
	readonly onNotice: (notice: string) => void
}

/** Weights of any layout by transformers' names. @param onNotice Told of a prefix. */
export function namedAsExpected(
	published: StoredWeights,
	expected: ReadonlyMap<string, readonly number[]>,
	{ from, onNotice }: Pick<LoadStoredOptions, 'from' | 'onNotice'>,
): StoredWeights {
	const renamed = canonicalStored(published)
	const { weights, prefix = renamed.prefix } = withoutPrefix(renamed.weights, expected)
	if (prefix !== undefined) {
		onNotice(`The weights of ${from} have the prefix ${JSON.stringify(prefix)} on every name; ignoring it.`)
	}
	return weights
}

/**
 * Checks weights as published and refers to them. Float32 safetensors are referred to in place, slices of fused matrices
 * and matrices that are stored the other way round included; everything else is converted once (see weight-cache.ts). A
 * prefix before every name, such as `module.`, is taken off, and all layouts are seen by transformers' names.
 * @param expected Shape of each weight that must be there; others are ignored.
 * @throws NaptuneError when files are damaged, or tensors are missing, of another shape or type, or not finite.
 */
export async function loadStored(
	published: StoredWeights,
	expected: ReadonlyMap<string, readonly number[]>,
	{ what, from, cacheDirectory, onNotice }: LoadStoredOptions,
): Promise<LoadedWeights> {
	const stored = namedAsExpected(published, expected, { from, onNotice })
	const files = stored.files.map((file) => basename(file)).join(', ')
	checkWeights(stored.tensors, expected, `The weights in ${files} and ${what}`)
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
	if (needed.some((tensor) => tensor.dtype !== 'F32' || tensor.offset % 4 !== 0 || !isPlain(tensor))) return false
	const folders = await Promise.all(files.map(async (file) => dirname(await realpath(file))))
	return new Set(folders).size === 1
}

/** Row-major, or a matrix column by column. */
function isPlain({ shape, strides }: StoredTensor): boolean {
	return strides === undefined || isTransposed({ shape, strides })
}

function isTransposed({ shape, strides }: Pick<StoredTensor, 'shape' | 'strides'>): boolean {
	return strides?.length === 2 && strides[0] === 1 && strides[1] === shape[0]
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

function reference({ file, offset, strides }: StoredTensor, shape: readonly number[]): WeightReference {
	const place = { file, offset, length: shape.reduce((product, n) => product * n, 4), shape }
	return isTransposed({ shape, ...defined({ strides }) }) ? { ...place, transposed: true } : place
}

function combined(files: readonly string[], digests: readonly string[]): string {
	if (digests.length === 1) return at(digests, 0)
	return sha256OfBytes(files.map((file, index) => `${digests[index]}  ${basename(file)}\n`).join(''))
}

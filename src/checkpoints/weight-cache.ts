/**
 * Converts checkpoints that are not plain float32 safetensors once, and caches the result.
 *
 * Why a file, and not a Cast node in each graph: a Cast of a constant is folded when a session is created, which gives
 * every session a private float32 copy of all weights it uses. One converted file is memory-mapped, and its pages are
 * shared by all programs of a process and by all processes.
 */

import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import envPaths from 'env-paths'
import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { removeStaleTemporaries, writeFileAtomic } from '../files/atomic-write.js'
import { type FloatDtype, isFloatDtype, toFloat32 } from '../files/float-formats.js'
import { readInto, readPieces } from '../files/read-parts.js'
import {
	type NamedChunks,
	readSafetensorsHeader,
	type SafetensorsHeader,
	writeSafetensorsStream,
} from '../files/safetensors.js'
import { dtypeSize } from '../files/safetensors-dtype.js'
import { nonFiniteError } from '../vlm/expected-weights.js'
import { type FloatRange, type Scan, scanFloat32File } from './scan-weights.js'
import type { StoredTensor, StoredWeights } from './weight-files.js'

/** Part of each file's metadata; raised when the conversion changes, which replaces old files. */
const conversion = 'float32, version 1'

/** The folder for converted files: `NAPTUNE_CACHE`, or the platform's folder for caches. */
export function defaultCacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
	return environment.NAPTUNE_CACHE || envPaths('naptune', { suffix: '' }).cache
}

/**
 * The float32 copy of a checkpoint's weights, created if missing. It holds all floating-point tensors. Its creation is
 * atomic, and each use compares its content with a recorded SHA-256.
 * @param sha256 Fingerprint of the published weights: the key.
 * @param needed Names of the tensors that must be finite.
 * @param onNotice Called when a file was damaged and had to be made again.
 * @throws NaptuneError when a needed tensor is not finite, or the cache cannot be written.
 */
export async function convertedWeights(
	stored: StoredWeights,
	sha256: string,
	needed: ReadonlySet<string>,
	cacheDirectory: string,
	onNotice: (notice: string) => void = () => {},
): Promise<{ readonly file: string; readonly header: SafetensorsHeader }> {
	const folder = join(cacheDirectory, 'weights')
	const file = join(folder, `${sha256}.safetensors`)
	const fingerprint = join(folder, `${sha256}.sha256`)
	const kept = existsSync(file) && existsSync(fingerprint)
	const reused = await checkCached(file, fingerprint, sha256, needed)
	const { header, scan } = reused ?? (await explained(cacheDirectory, () => convert()))
	if (kept && !reused) onNotice(`${file} was damaged or from another version; converted the weights again.`)
	if (scan.nonFinite.length > 0) {
		await Promise.all([rm(fingerprint, { force: true }), rm(file, { force: true })])
		throw nonFiniteError(scan.nonFinite, stored.files.join(', '))
	}
	return { file, header }

	async function convert(): Promise<Checked> {
		await mkdir(folder, { recursive: true })
		await removeStaleTemporaries(folder)
		const metadata = { format: 'pt', conversion, source_sha256: sha256 }
		await writeSafetensorsStream(file, float32Tensors(stored), metadata)
		const header = await readSafetensorsHeader(file)
		const scan = await scanFloat32File(file, neededRanges(header, needed))
		// Last: a file without its fingerprint is never used.
		await writeFileAtomic(fingerprint, `${scan.sha256}\n`)
		return { header, scan }
	}
}

interface Checked {
	readonly header: SafetensorsHeader
	readonly scan: Scan
}

/** The cached file when it is there, complete and unchanged; any doubt means that it is made again. */
async function checkCached(
	file: string,
	fingerprint: string,
	sha256: string,
	needed: ReadonlySet<string>,
): Promise<Checked | undefined> {
	try {
		const recorded = (await readFile(fingerprint, 'utf8')).trim()
		const header = await readSafetensorsHeader(file)
		if (header.metadata.conversion !== conversion || header.metadata.source_sha256 !== sha256) return undefined
		const scan = await scanFloat32File(file, neededRanges(header, needed))
		return scan.sha256 === recorded ? { header, scan } : undefined
	} catch {
		return undefined
	}
}

function neededRanges({ tensors }: SafetensorsHeader, needed: ReadonlySet<string>): FloatRange[] {
	return [...tensors].flatMap(([name, { offset, length }]) => (needed.has(name) ? [{ name, offset, length }] : []))
}

function float32Tensors({ tensors }: StoredWeights): NamedChunks[] {
	return [...tensors].flatMap(([name, tensor]): NamedChunks[] => {
		const { dtype, shape } = tensor
		return isFloatDtype(dtype) ? [{ name, dtype: 'F32', shape, chunks: () => float32Chunks(tensor, dtype) }] : []
	})
}

async function* float32Chunks(tensor: StoredTensor, dtype: FloatDtype): AsyncGenerator<Uint8Array> {
	const { file, offset, shape, strides } = tensor
	const elements = shape.reduce((product, n) => product * n, 1)
	const width = dtypeSize(dtype)
	const handle = await open(file, 'r')
	try {
		if (!strides || elements === 0) {
			for await (const piece of readPieces(handle, offset, elements * width, file))
				yield bytesOf(toFloat32(dtype, piece))
			return
		}
		const span = shape.reduce((sum, n, axis) => sum + (n - 1) * at(strides, axis), 1)
		const bytes = new Uint8Array(span * width)
		await readInto(handle, bytes, offset)
		yield bytesOf(gather(toFloat32(dtype, bytes), shape, strides))
	} finally {
		await handle.close()
	}
}

/** Strided elements in row-major order. */
function gather(values: Float32Array, shape: readonly number[], strides: readonly number[]): Float32Array {
	const result = new Float32Array(shape.reduce((product, n) => product * n, 1))
	const index = shape.map(() => 0)
	let position = 0
	for (let i = 0; i < result.length; i++) {
		result[i] = at(values, position)
		for (let axis = shape.length - 1; axis >= 0; axis--) {
			position += at(strides, axis)
			if (++index[axis]! < at(shape, axis)) break
			position -= at(strides, axis) * at(shape, axis)
			index[axis] = 0
		}
	}
	return result
}

function bytesOf(values: Float32Array): Uint8Array {
	return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

async function explained<T>(cacheDirectory: string, action: () => Promise<T>): Promise<T> {
	try {
		return await action()
	} catch (error) {
		const { code, message } = (error instanceof NaptuneError ? error.cause : error) as NodeJS.ErrnoException
		if (!code || !['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EEXIST', 'ENOENT'].includes(code))
			throw error
		throw new NaptuneError(
			'NAP_FILE_UNWRITABLE',
			`The weights must be converted to float32 once, but the result cannot be stored in ${cacheDirectory} (${message}). Set NAPTUNE_CACHE to a writable folder with enough space.`,
			{ cause: error },
		)
	}
}

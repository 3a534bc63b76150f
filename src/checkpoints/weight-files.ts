/** Finds the weight files of a checkpoint folder and the tensors in them. */

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { shown } from '../core/shown.js'
import { readPytorchTensors } from '../files/foreign/pytorch-pickle.js'
import { readJsonFile } from '../files/json-file.js'
import { withFile } from '../files/read-parts.js'
import { readSafetensorsHeader } from '../files/safetensors.js'
import type { Dtype } from '../files/safetensors-dtype.js'

/** A tensor in a weights file, of any element type. */
export interface StoredTensor {
	readonly dtype: Dtype
	readonly shape: readonly number[]
	/** Path of the file. */
	readonly file: string
	/** Absolute offset of the first element. */
	readonly offset: number
	/** Step of each dimension in elements; undefined when row-major without gaps. */
	readonly strides?: readonly number[]
}

/** The weights of a checkpoint as published. */
export interface StoredWeights {
	readonly format: 'safetensors' | 'pytorch'
	/** Paths of the weights files, sorted by name. */
	readonly files: readonly string[]
	readonly tensors: ReadonlyMap<string, StoredTensor>
}

/** The files that may hold the weights, best first. Those ending in `.json` list the shards they are split into. */
export const weightFileNames = [
	'model.safetensors',
	'model.safetensors.index.json',
	'pytorch_model.bin',
	'pytorch_model.bin.index.json',
] as const

/**
 * Lists the tensors of a checkpoint folder.
 * @param candidates Names that the weights may have, best first.
 * @throws NaptuneError when there are no weights, a shard is missing, or a file is damaged.
 */
export async function readStoredWeights(
	directory: string,
	candidates: readonly string[] = weightFileNames,
): Promise<StoredWeights> {
	for (const name of candidates) {
		const path = join(directory, name)
		if (!(await stat(path).catch(() => undefined))) continue
		const names = name.endsWith('.json') ? shardsOf(await readJsonFile(path), path) : [name]
		const files = names.map((file) => join(directory, file))
		const tensors = new Map<string, StoredTensor>()
		for (const file of files) {
			for (const [tensor, stored] of await tensorsOf(file)) {
				if (tensors.has(tensor)) {
					throw new NaptuneError(
						'NAP_FILE_INVALID',
						`${file} holds tensor ${tensor}, which another shard also holds. Fetch the checkpoint again.`,
					)
				}
				tensors.set(tensor, stored)
			}
		}
		return { format: files.every(isSafetensors) ? 'safetensors' : 'pytorch', files, tensors }
	}
	throw new NaptuneError(
		'NAP_FILE_INVALID',
		`${directory} holds no weights; expected one of ${candidates.join(', ')}. Use a folder in the layout of openai/clip-vit-base-patch16.`,
	)
}

/**
 * The shards that an index file names, sorted.
 * @throws NaptuneError when the index is malformed, or names files outside its own folder.
 */
export function shardsOf(index: unknown, path: string): string[] {
	const map = (index as { weight_map?: unknown } | null)?.weight_map
	if (typeof map !== 'object' || map === null || Object.keys(map).length === 0) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} has no weight_map, which should name the shard of each tensor. Fetch it again.`,
		)
	}
	const names = [...new Set(Object.values(map as Record<string, unknown>))]
	for (const name of names) {
		if (typeof name !== 'string' || !/^[\w-][\w.-]*\.(safetensors|bin)$/.test(name)) {
			throw new NaptuneError(
				'NAP_FILE_INVALID',
				`${path} names the shard ${shown(name)}; expected plain names of .safetensors or .bin files in the same folder.`,
			)
		}
	}
	return (names as string[]).sort()
}

/** Names of the weights in open_clip's folders, best first. */
export const openClipWeightNames = [
	'open_clip_model.safetensors',
	'open_clip_model.safetensors.index.json',
	'open_clip_pytorch_model.bin',
	'open_clip_pytorch_model.bin.index.json',
] as const

/**
 * Lists the tensors of one file: safetensors by its ending, else what PyTorch writes.
 * @throws NaptuneError when it cannot be read or is damaged.
 */
export async function readWeightsFile(file: string): Promise<StoredWeights> {
	return {
		format: isSafetensors(file) ? 'safetensors' : 'pytorch',
		files: [file],
		tensors: new Map(await tensorsOf(file)),
	}
}

function isSafetensors(file: string): boolean {
	return file.endsWith('.safetensors')
}

async function tensorsOf(file: string): Promise<[string, StoredTensor][]> {
	if (file.endsWith('.safetensors')) {
		const { tensors } = await readSafetensorsHeader(file)
		return [...tensors].map(([name, { dtype, shape, offset }]) => [name, { dtype, shape, file, offset }])
	}
	const tensors = await withFile(file, (handle) => readPytorchTensors(handle, file))
	return tensors.map(({ name, dtype, shape, strides, offset }) => [
		name,
		{ dtype, shape, file, offset, ...defined({ strides: isRowMajor(shape, strides) ? undefined : strides }) },
	])
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
	let step = 1
	for (let axis = shape.length - 1; axis >= 0; axis--) {
		// The stride of a dimension of one element is never used.
		if (shape[axis] !== 1 && strides[axis] !== step) return false
		step *= at(shape, axis)
	}
	return true
}

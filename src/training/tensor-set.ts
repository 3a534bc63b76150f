/** Named float32 tensors on disk: parameters and optimizer state of a run. */

import type { Tensor } from '../core/tensor.js'
import { readSafetensorsTensors, writeSafetensors } from '../files/safetensors.js'
import { float32Tensors } from '../files/safetensors-bytes.js'
import type { TensorSet } from './adamw.js'

/** Writes a set of float32 tensors atomically. */
export async function saveTensors(
	path: string,
	tensors: TensorSet,
	metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
	const entries = Object.entries(tensors).map(
		([name, { shape, data }]) => [name, { dtype: 'F32', shape, data }] as const,
	)
	await writeSafetensors(path, Object.fromEntries(entries), metadata)
}

/** Reads all tensors of a file. @throws NaptuneError when one is not float32. */
export async function loadTensors(path: string): Promise<Record<string, Tensor<'float32'>>> {
	return float32Tensors(await readSafetensorsTensors(path), path)
}

/** The entries whose names begin with `prefix/`, without it. */
export function withPrefix(tensors: TensorSet, prefix: string): Record<string, Tensor<'float32'>> {
	return Object.fromEntries(
		Object.entries(tensors).flatMap(([name, value]) =>
			name.startsWith(`${prefix}/`) ? [[name.slice(prefix.length + 1), value] as const] : [],
		),
	)
}

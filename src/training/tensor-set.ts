/** Named float32 tensors, in memory and on disk: parameters, gradients, states. */

import type { Tensor } from '../core/tensor.js'
import { writeChunksAtomic } from '../files/atomic-write.js'
import { writeChunksChecked } from '../files/checksum.js'
import { readSafetensorsTensors, writeSafetensors } from '../files/safetensors.js'
import { float32Tensors } from '../files/safetensors-bytes.js'

/** Named float32 tensors: parameters, their gradients or their moments. */
export type TensorSet = Readonly<Record<string, Tensor<'float32'>>>

/** Writes a set of float32 tensors atomically. @param options.checksum Whether to write a checksum beside the file. */
export async function saveTensors(
	path: string,
	tensors: TensorSet,
	metadata: Readonly<Record<string, string>> = {},
	{ checksum = false }: { readonly checksum?: boolean } = {},
): Promise<void> {
	const entries = Object.entries(tensors).map(
		([name, { shape, data }]) => [name, { dtype: 'F32', shape, data }] as const,
	)
	await writeSafetensors(path, Object.fromEntries(entries), metadata, checksum ? writeChunksChecked : writeChunksAtomic)
}

/** Reads all tensors of a file. @throws NaptuneError when one is not float32. */
export async function loadTensors(path: string): Promise<Record<string, Tensor<'float32'>>> {
	return float32Tensors(await readSafetensorsTensors(path), path)
}

/** The entries whose names begin with `prefix/`, with the prefix removed. */
export function withPrefix(tensors: TensorSet, prefix: string): Record<string, Tensor<'float32'>> {
	return Object.fromEntries(
		Object.entries(tensors).flatMap(([name, value]) =>
			name.startsWith(`${prefix}/`) ? [[name.slice(prefix.length + 1), value] as const] : [],
		),
	)
}

/** Adds a prefix to all names; the inverse of {@link withPrefix}. */
export function prefixed(prefix: string, tensors: TensorSet): TensorSet {
	return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [`${prefix}/${name}`, value]))
}

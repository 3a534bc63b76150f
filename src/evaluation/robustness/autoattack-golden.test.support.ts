/** Reading fixtures/autoattack-golden, and the photographs that it speaks of. */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { AttackBatch } from '../../classifier/attack-batch.js'
import { range } from '../../core/rows.js'
import { float32 } from '../../core/tensor.js'
import { loadCifar10Mini } from '../../data/cifar10-mini.js'
import { readSafetensorsTensors } from '../../files/safetensors.js'
import type { PatchNetworkWeights } from '../distortion/patch-network.test.support.js'

function pathOf(name: string): string {
	return fileURLToPath(new URL(`../../../fixtures/autoattack-golden/${name}`, import.meta.url))
}

/** A JSON file of the fixtures. */
export async function goldenJson<T>(name: string): Promise<T> {
	return JSON.parse(await readFile(pathOf(name), 'utf8')) as T
}

/** The tensors of a file whose names start with a prefix, by the rest of their names. */
export async function goldenTensors(name: string, prefix = ''): Promise<PatchNetworkWeights> {
	const stored = await readSafetensorsTensors(pathOf(name))
	const chosen = [...stored].filter(([name]) => name.startsWith(prefix))
	return new Map(
		chosen.map(
			([
				name,
				{
					dtype,
					shape,
					data: { buffer },
				},
			]) => {
				const data =
					dtype === 'F64'
						? new Float64Array(buffer)
						: dtype === 'F32'
							? new Float32Array(buffer)
							: new Int32Array(buffer)
				return [name.slice(prefix.length), { shape, data }]
			},
		),
	)
}

/** Test images of cifar10-mini at their full 32 x 32 pixels. */
export async function photographs(ids: readonly string[]): Promise<AttackBatch> {
	const { test } = await loadCifar10Mini()
	const positions = new Map(range(0, test.length).map((index) => [test.id(index), index]))
	const chosen = ids.map((id) => positions.get(id)!)
	const [area, size] = [32 * 32, 3 * 32 * 32]
	const pixels = new Float32Array(ids.length * size)
	for (const [row, index] of chosen.entries()) {
		const { rgb } = await test.image(index)
		for (let at = 0; at < size; at++) pixels[row * size + at] = rgb[(at % area) * 3 + Math.floor(at / area)]! / 255
	}
	return {
		images: float32([ids.length, 3, 32, 32], pixels),
		labels: chosen.map((index) => test.label(index)),
		ids,
	}
}

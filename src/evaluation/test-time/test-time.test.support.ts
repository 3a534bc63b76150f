/** A tiny CLIP, hardened, with pictures and what the tests of test-time defenses compute with them. */

import { float32, type Tensor, tensor } from '../../core/tensor.js'
import { type Defense, fixedParameters, initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import type { DefendedModel } from '../../defenses/test-time/test-time-defense.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { tinyClip } from '../../methods/tuning/tiny.test.support.js'
import { ops } from '../../onnx/index.js'
import type { Value } from '../../onnx/value.js'
import { generator } from '../../random/counter-based.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import type { DeployedModel } from '../deployed/deployed-classifier.js'

export const classNames = ['cat', 'dog', 'delivery truck']

/** A defense over the tiny CLIP with random parameters far from zero. */
export async function tinyModel(folder: string, name: string, options: object = {}): Promise<DeployedModel> {
	const clip = await tinyClip(folder)
	const defense = prepareDefense(name, clip, classNames, { ...options })
	return { clip, defense, parameters: await initialParameters(defense, 5) }
}

/** The same model in float64, for numerical checks. */
export function inDoubles({ clip, defense, parameters }: DeployedModel): DefendedModel & { readonly clip: ClipModel } {
	const doubles: ClipModel = { ...clip, weights: (name, shape) => ops.cast(clip.weights(name, shape), 'float64') }
	return {
		clip: doubles,
		defense: prepareDefense(defense.name, doubles, defense.classNames, defense.config),
		parameters: fixedParameters(parameters),
	}
}

/** Random images [count, 3, 16, 16] in [0, 1]. */
export function tinyImages(count: number): Tensor<'float32'> {
	const values = Array.from({ length: count }, (_, image) => {
		const stream = generator(3, 'image', image)
		return Array.from({ length: 3 * 256 }, () => stream.uniform())
	})
	return float32([count, 3, 16, 16], values.flat())
}

/** The same numbers in float64. */
export function doubles({ shape, data }: Tensor): Tensor<'float64'> {
	return tensor('float64', shape, Float64Array.from(data as Float32Array))
}

/** Compiles, runs and releases. @returns Values by output name. */
export async function runOnce(
	engine: Engine,
	outputs: Readonly<Record<string, Value>>,
	feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Float64Array>> {
	const program = await engine.compile(outputs)
	const used = new Set(program.inputs)
	const results = await program.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => used.has(name))))
	await program.release()
	return Object.fromEntries(
		Object.entries(results).map(([name, { data }]) => [name, Float64Array.from(data as Float32Array)]),
	)
}

/** The parameters of a defense as feeds of a float64 graph. */
export function parameterFeeds(parameters: DeployedModel['parameters']): Record<string, Tensor<'float64'>> {
	return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, doubles(value)]))
}

/** Names of a defense's parameters that match. */
export function namesOf(defense: Defense, pattern: RegExp): string[] {
	return [...defense.parameters.keys()].filter((name) => pattern.test(name))
}

/** A hash of the bytes of a tensor. */
export function bytes({ data }: Tensor): string {
	return sha256OfBytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

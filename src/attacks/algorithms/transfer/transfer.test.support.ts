/** The surrogates and images of fixtures/transfer-golden, and other small surrogates. */

import { fileURLToPath } from 'node:url'
import type { AttackBatch } from '../../../classifier/attack-batch.js'
import { createGraphClassifier, type GraphClassifier } from '../../../classifier/graph-classifier.js'
import { range } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { readSafetensorsTensors } from '../../../files/safetensors.js'
import { float32, ops, type Value } from '../../../onnx/index.js'
import type { Generator } from '../../../random/generator.js'
import type { Engine } from '../../../runtime/index.js'
import type { Surrogate } from './surrogate.js'

const path = fileURLToPath(new URL('../../../../fixtures/transfer-golden/transfer.safetensors', import.meta.url))

/** Images of the fixture. */
export const transferShape = [3, 6, 5] as const
export const transferClasses = ['a', 'b', 'c', 'd']
export const transferEpsilon = 16 / 255
/** The threat model of the fixture. */
export const transferThreat = { norm: 'linf', epsilon: transferEpsilon } as const
/** Pixels of all five images. */
export const transferPixels = 5 * 90

/** A tensor's bytes, to be compared at once. */
export function bytesOf({ data }: Tensor): string {
	return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
}

/** What the fixture holds. */
export interface TransferGolden {
	readonly batch: AttackBatch
	readonly surrogates: readonly Surrogate[]
	/** A tensor's numbers. */
	values(name: string): Float32Array | Float64Array
}

/** The fixture, its surrogates as classifiers. */
export async function transferGolden(engine: Engine): Promise<TransferGolden> {
	const tensors = await readSafetensorsTensors(path)
	const values = (name: string) => {
		const { dtype, data } = tensors.get(name)!
		return dtype === 'F64' ? new Float64Array(data.buffer) : new Float32Array(data.buffer)
	}
	const weight = (name: string) => ops.literal(float32(tensors.get(name)!.shape, values(name) as Float32Array))
	const labels = [...new Int32Array(tensors.get('labels')!.data.buffer)]
	const surrogates: Surrogate[] = []
	for (const index of [0, 1, 2]) {
		const classifier = await transferClassifier(
			engine,
			weight(`surrogate.${index}.first`),
			weight(`surrogate.${index}.second`),
		)
		surrogates.push({ name: `surrogate ${index}`, sha256: String(index).repeat(64), classifier })
	}
	return {
		batch: {
			images: float32([5, ...transferShape], values('images') as Float32Array),
			labels,
			ids: labels.map((_, row) => `image ${row}`),
		},
		surrogates,
		values,
	}
}

/** Logits and a tap `features`, as the fixture's README says. */
export async function transferClassifier(engine: Engine, first: Value, second: Value): Promise<GraphClassifier> {
	return createGraphClassifier({
		engine,
		classNames: transferClasses,
		imageShape: transferShape,
		build: (pixels) => {
			const features = ops.quickGelu(ops.linear(ops.sub(ops.reshape(pixels, [-1, 90]), 0.5), first, null))
			return { logits: ops.linear(features, second, null), features }
		},
	})
}

/** A generator that gives back these numbers. */
export function replay(numbers: {
	readonly normal?: Iterator<number>
	readonly uniform?: Iterator<number>
}): Generator {
	const next = (values: Iterator<number> | undefined) => {
		const result = values?.next()
		if (!result || result.done) throw new RangeError('No more numbers to replay.')
		return result.value
	}
	const unexpected = () => {
		throw new RangeError('Only normal and uniform numbers are replayed.')
	}
	return {
		normal: () => next(numbers.normal),
		uniform: () => next(numbers.uniform),
		uint32: unexpected,
		below: unexpected,
	}
}

/** The share of numbers that are equal but for rounding to float32. */
export function shareEqual(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
	const close = range(0, expected.length).filter((at) => Math.abs(actual[at]! - expected[at]!) < 1e-6)
	return close.length / expected.length
}

import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { createGraphClassifier } from '../../../classifier/graph-classifier.js'
import { imageShape, pixelCount } from '../../../classifier/graphs.test.support.js'
import { range } from '../../../core/rows.js'
import { doublesOf } from '../../../files/golden.test.support.js'
import { float32, ops } from '../../../onnx/index.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { prepareAttack } from '../../registry.js'
import { imageStreams } from '../../run/image-streams.js'
import { perturbationSizes } from '../../sets/check-perturbation.js'
import { hyperplaneProjection } from '../../sets/hyperplane-projection.js'
import type { Norm } from '../../sets/threat-model.js'

const fixture = (name: string) =>
	doublesOf(fileURLToPath(new URL(`../../../../fixtures/fab-golden/${name}.safetensors`, import.meta.url)))
const norms: readonly Norm[] = ['linf', 'l2']

describe.each(norms)("projections in %s are the reference's", (norm) => {
	it.each([1, 2, 7, 60])('for points of %d entries', async (size) => {
		const golden = await fixture('projections')
		const [points, normals] = ['point', 'normal'].map((name) => Float64Array.from(golden.get(`${size}.${name}`)!))
		const project = hyperplaneProjection(norm, size)
		const change = new Float64Array(size)
		for (const [row, offset] of golden.get(`${size}.offset`)!.entries()) {
			const point = points!.subarray(row * size, (row + 1) * size)
			const normal = normals!.subarray(row * size, (row + 1) * size)
			const excess = normal.reduce((sum, weight, at) => sum + weight * point[at]!, 0) - offset
			project(point, normal, excess, change)
			const expected = golden.get(`${size}.${norm}`)!.slice(row * size, (row + 1) * size)
			change.forEach((value, at) => {
				expect(Math.abs(value - expected[at]!), `row ${row} entry ${at}`).toBeLessThan(1e-9)
			})
		}
	})
})

describe("the nearest misclassified images are as near as the reference's", () => {
	const classes = 12
	const epsilon = { linf: 1, l2: 8 }
	let engine: Engine
	let network: Classifier
	let batch: AttackBatch
	let golden: ReadonlyMap<string, number[]>
	beforeAll(async () => {
		golden = await fixture('distances')
		engine = await createEngine({ threads: 1 })
		const first = ops.literal(float32([24, pixelCount], golden.get('first')!))
		const second = ops.literal(float32([classes, 24], golden.get('second')!))
		network = await createGraphClassifier({
			engine,
			classNames: range(0, classes).map(String),
			imageShape,
			build: (pixels) => {
				const centred = ops.sub(ops.reshape(pixels, [-1, pixelCount]), 0.5)
				return { logits: ops.linear(ops.quickGelu(ops.linear(centred, first, null)), second, null) }
			},
		})
		const labels = golden.get('labels')!
		const images = float32([labels.length, ...imageShape], golden.get('images')!)
		batch = { images, labels, ids: labels.map((_, row) => `image ${row}`) }
	})
	afterAll(() => engine.close())

	const distances = async (norm: Norm, preset: string, round: number) => {
		const { rounds } = prepareAttack(preset, { steps: 60, restarts: 1 })
		const threat = { norm, epsilon: epsilon[norm] }
		const images = await rounds(classes)[round]!.run(network, batch, threat, imageStreams(1))
		return perturbationSizes(batch.images, images, norm)
	}
	const compare = (actual: readonly number[], expected: readonly number[]) => {
		actual.forEach((distance, row) => {
			expect(Math.abs(distance / expected[row]! - 1), `image ${row}`).toBeLessThan(5e-4)
		})
	}

	it.each(norms)('untargeted in %s', async (norm) => {
		compare(await distances(norm, 'fab-u', 0), golden.get(`${norm}.untargeted`)!)
	})

	it.each(norms)('for each target in %s', async (norm) => {
		const count = batch.labels.length
		for (const target of [0, 1, 2]) {
			const expected = golden.get(`${norm}.targeted`)!.slice(target * count, (target + 1) * count)
			compare(await distances(norm, 'fab-t', target), expected)
		}
	})
})

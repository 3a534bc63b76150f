import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at, entry } from '../../core/at.js'
import { float32 } from '../../core/tensor.js'
import { initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip } from '../../methods/tuning/tiny.test.support.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { deployedClassifier } from './deployed-classifier.js'

const classes = ['cat', 'dog', 'ship']

describe('a classifier whose texts depend on the image', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	async function opened(change = 0) {
		const clip = await tinyClip(join(await temporaryFolder(), 'model'))
		const defense = prepareDefense('cocoop', clip, classes, { reduction: 2 })
		const parameters = await initialParameters(defense, 1)
		// Not the same everywhere, which layer normalisation would take away.
		const bias = entry(parameters, 'meta.linear2.bias').data
		for (const index of bias.keys()) bias[index] = index % 2 === 0 ? change : -change
		return deployedClassifier(engine, clip, defense, parameters)
	}
	const images = Float32Array.from({ length: 3 * 768 }, (_, index) => ((index * 37) % 101) / 101)
	const logitsOf = async (classifier: Awaited<ReturnType<typeof opened>>, rows: readonly number[]) => {
		const data = Float32Array.from(rows.flatMap((row) => [...images.subarray(row * 768, (row + 1) * 768)]))
		const { logits } = await classifier.evaluate(float32([rows.length, 3, 16, 16], data), ['logits'])
		return logits?.data as Float32Array
	}

	it('gives an image the same bytes alone and in a batch', async () => {
		const classifier = await opened()
		const together = await logitsOf(classifier, [0, 1, 2])
		for (const row of [0, 1, 2]) {
			expect([...(await logitsOf(classifier, [row]))]).toEqual([...together.subarray(row * 3, (row + 1) * 3)])
		}
		await classifier.release()
	})

	it('reads its network', async () => {
		const [one, other] = [await opened(0), await opened(0.5)]
		const [before, after] = [await logitsOf(one, [0, 1]), await logitsOf(other, [0, 1])]
		expect(Math.abs(at(before, 0) - at(after, 0))).toBeGreaterThan(1e-4)
		await one.release()
		await other.release()
	})
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ops } from '../onnx/index.js'
import { requireOwnTexts, textsOfImages } from './class-logits.js'
import { expectGolden, fixture, type GoldenBench, openGoldenBench } from './golden.test.support.js'
import { prepareDefense } from './registry.js'

describe('cocoop', () => {
	let bench: GoldenBench
	beforeAll(async () => {
		bench = await openGoldenBench()
	})
	afterAll(() => bench.engine.close())

	const classes = ['cat', 'dog', 'ship', 'bird', 'frog']
	/** With the token ids of the golden, which its texts are made of in the graph. */
	const cocoop = () => {
		const ids = bench.inputs.get('input_ids')!
		const tokenizer = {
			...bench.clip.tokenizer,
			paddingId: 0,
			encode: () => [97, 50, 50, 50, 98],
			encodeBatch: ([text]: readonly string[], options: Parameters<typeof bench.clip.tokenizer.encodeBatch>[1]) => {
				const row = [...ids.data.subarray(10 * classes.indexOf(text!.slice(0, -1)))].slice(0, 10)
				const name = [97, ...row.slice(4, row.indexOf(98) + 1)]
				return { ...bench.clip.tokenizer.encodeBatch([text!], options), ids: BigInt64Array.from(name, BigInt) }
			},
		}
		return prepareDefense('cocoop', { ...bench.clip, tokenizer }, classes, {
			textPrompts: 3,
			contextInit: 'normal',
			reduction: 4,
		})
	}

	it('is what PyTorch computes image by image, with all gradients', async () => {
		await expectGolden(bench, cocoop(), fixture('cocoop-golden/cocoop.safetensors'))
	})

	it('has texts for every image, which nothing takes that compares texts without one', () => {
		const defense = cocoop()
		const features = ops.input('features', 'float64', ['B', bench.clip.config.projectionDimension])
		const texts = defense.textFeaturesOfImages?.(features, (name) =>
			ops.input(name, 'float64', defense.parameters.get(name)!.shape),
		)
		expect(texts?.shape).toEqual(['B', 5, bench.clip.config.projectionDimension])
		expect(() => requireOwnTexts(defense, 'Retrieval')).toThrow(/^Retrieval .* depend on the image/)
		expect(textsOfImages(defense)).toContain('cocoop')
		expect(textsOfImages(prepareDefense('coop', bench.clip, classes, { textPrompts: 3 }))).toBeUndefined()
	})
})

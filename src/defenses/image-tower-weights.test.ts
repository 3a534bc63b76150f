import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectGolden, fixture, type GoldenBench, openGoldenBench } from './golden.test.support.js'
import { prepareDefense } from './registry.js'

describe('the image tower as parameters', () => {
	let bench: GoldenBench
	beforeAll(async () => {
		bench = await openGoldenBench()
	})
	afterAll(() => bench.engine.close())

	it.each(['tecoa', 'fare', 'adversarial-training', 'trades', 'mart'])(
		'of %s computes what PyTorch does, with the gradient of every weight',
		async (name) => {
			const defense = prepareDefense(name, bench.clip, ['cat', 'dog'])
			await expectGolden(bench, defense, fixture('fine-tuning-golden/image-tower.safetensors'))
		},
	)

	it('can be its last layers alone, of which there must be as many', () => {
		const { layers } = bench.clip.config.vision
		const { parameters } = prepareDefense('tecoa', bench.clip, ['cat', 'dog'], { lastLayers: 1 })
		const blocks = [...parameters.keys()].filter((name) => name.includes('.layers.'))
		expect(new Set(blocks.map((name) => name.split('.')[4]))).toEqual(new Set([String(layers - 1)]))
		expect(parameters.has('image.visual_projection.weight')).toBe(true)
		expect([...parameters.keys()].some((name) => name.includes('embeddings'))).toBe(false)
		expect(() => prepareDefense('tecoa', bench.clip, ['cat', 'dog'], { lastLayers: layers + 1 })).toThrow(
			`the image tower has ${layers} layers`,
		)
	})
})

import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadClip } from '../checkpoints/load-clip.js'
import { NaptuneError } from '../core/errors.js'
import { float32, tensor } from '../core/tensor.js'
import { ops } from '../onnx/index.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import type { ClipModel } from '../vlm/model.js'
import { fixedParameters } from './defense.js'
import { prepareDefense } from './registry.js'

const nano = fileURLToPath(new URL('../../models/nano', import.meta.url))
const classNames = ['cat', 'dog', 'delivery truck']

describe('vanilla', () => {
	let engine: ModelEngine
	let clip: ClipModel
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		clip = await loadClip(nano)
	})
	afterAll(() => engine.close())

	async function textFeatures(templates: string | readonly string[]): Promise<Float32Array> {
		const defense = prepareDefense('vanilla', clip, classNames, { templates })
		const { ids, endPositions, rows, length, promptsPerClass } = defense.prompts
		const size = promptsPerClass === 1 ? 'C' : `${promptsPerClass}*C`
		const features = defense.textFeatures(
			ops.input('ids', 'int64', [size, length]),
			ops.input('endPosition', 'float32', [size, length]),
			fixedParameters({}),
		)
		const program = await engine.compile({ features })
		const endPosition = new Float32Array(rows * length)
		for (const [row, position] of endPositions.entries()) endPosition[row * length + position] = 1
		const feeds = { ids: tensor('int64', [rows, length], ids), endPosition: float32([rows, length], endPosition) }
		return (await program.run(feeds)).features!.data as Float32Array
	}

	it('averages the unit features of its templates', async () => {
		const [a, b] = [await textFeatures(['a photo of a {}.']), await textFeatures(['art of the {}'])]
		const both = await textFeatures(['a photo of a {}.', 'art of the {}'])
		const width = clip.config.projectionDimension
		for (let row = 0; row < classNames.length; row++) {
			const mean = Array.from({ length: width }, (_, at) => a[row * width + at]! + b[row * width + at]!)
			const norm = Math.hypot(...mean)
			for (let at = 0; at < width; at++) expect(both[row * width + at]).toBeCloseTo(mean[at]! / norm, 5)
		}
	})

	it('takes an ensemble of templates by its name', async () => {
		const seven = [
			'itap of a {}.',
			'a bad photo of the {}.',
			'a origami {}.',
			'a photo of the large {}.',
			'a {} in a video game.',
			'art of the {}.',
			'a photo of the small {}.',
		]
		const prepare = (templates: unknown) => prepareDefense('vanilla', clip, classNames, { templates })
		expect(prepare('imagenet-7').config).toEqual({ templates: seven })
		expect(prepare('imagenet-7').prompts).toEqual(prepare(seven).prompts)
		expect(prepare('imagenet-7').prompts.promptsPerClass).toBe(7)
		const [byName, given] = [await textFeatures('imagenet-7'), await textFeatures(seven)]
		expect(byName).toEqual(given)
		expect(byName).not.toEqual(await textFeatures(seven.slice(0, 6)))
		// What is recorded gives the same again.
		expect(prepare(prepare('imagenet-7').config.templates).prompts).toEqual(prepare(seven).prompts)
		expect(() => prepare('imagenet-8')).toThrow(NaptuneError)
		expect(() => prepare('imagenet-8')).toThrow(/name of an ensemble: imagenet-7/)
	})

	it('refuses templates without a place for the name', async () => {
		expect(() => prepareDefense('vanilla', clip, classNames, { templates: ['a photo'] })).toThrow(/\{\}/)
		expect(() => prepareDefense('vanilla', clip, classNames, { templates: [] })).toThrow(/templates/)
	})
})

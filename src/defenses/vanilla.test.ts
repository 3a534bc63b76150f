import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadClip } from '../clip/model.js'
import { ops } from '../onnx/index.js'
import { float32, tensor } from '../onnx/tensor.js'
import { createEngine } from '../runtime/index.js'
import { fixedParameters } from './defense.js'
import { prepareDefense } from './registry.js'

const nano = fileURLToPath(new URL('../../models/nano', import.meta.url))
const classNames = ['cat', 'dog', 'delivery truck']

describe('vanilla', () => {
	it('averages the unit features of its templates', async () => {
		const engine = await createEngine({ threads: 1 })
		const clip = await loadClip(nano)
		const textFeatures = async (templates: string[]) => {
			const defense = prepareDefense('vanilla', clip, classNames, { templates })
			const { ids, endPositions, rows, length } = defense.prompts
			const size = templates.length === 1 ? 'C' : `${templates.length}*C`
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
		const [a, b] = [await textFeatures(['a photo of a {}.']), await textFeatures(['art of the {}'])]
		const both = await textFeatures(['a photo of a {}.', 'art of the {}'])
		const width = clip.config.projectionDimension
		for (let row = 0; row < classNames.length; row++) {
			const mean = Array.from({ length: width }, (_, at) => a[row * width + at]! + b[row * width + at]!)
			const norm = Math.hypot(...mean)
			for (let at = 0; at < width; at++) expect(both[row * width + at]).toBeCloseTo(mean[at]! / norm, 5)
		}
		await engine.close()
	})

	it('refuses templates without a place for the name', async () => {
		const clip = await loadClip(nano)
		expect(() => prepareDefense('vanilla', clip, classNames, { templates: ['a photo'] })).toThrow(/\{\}/)
		expect(() => prepareDefense('vanilla', clip, classNames, { templates: [] })).toThrow(/templates/)
	})
})

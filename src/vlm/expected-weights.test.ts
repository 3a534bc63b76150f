import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readSafetensorsHeader } from '../files/safetensors.js'
import { parseClipConfig } from './config.js'
import { expectedWeights } from './expected-weights.js'

const tiny = fileURLToPath(new URL('../../fixtures/checkpoints/tiny', import.meta.url))

function parameterCount(config: unknown): number {
	const shapes = [...expectedWeights(parseClipConfig(config)).values()]
	return shapes.reduce((sum, shape) => sum + shape.reduce((product, n) => product * n, 1), 0)
}

describe('expectedWeights', () => {
	it('is exactly what transformers saves', async () => {
		const config = parseClipConfig(JSON.parse(readFileSync(join(tiny, 'config.json'), 'utf8')))
		const { tensors } = await readSafetensorsHeader(join(tiny, 'model.safetensors'))
		const saved = [...tensors].map(([name, { shape }]) => [name, shape])
		expect([...expectedWeights(config)].sort()).toEqual(saved.sort())
	})

	it('adds up to the published parameter counts', () => {
		const model_type = 'clip'
		expect(parameterCount({ model_type })).toBe(151_277_313)
		expect(parameterCount({ model_type, vision_config: { patch_size: 16 } })).toBe(149_620_737)
	})
})

import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadClip } from '../checkpoints/load-clip.js'
import { readSafetensorsTensors } from '../files/safetensors.js'
import type { ClipModel } from '../vlm/model.js'
import { initialParameters } from './defense.js'
import { prepareDefense } from './registry.js'

const nano = fileURLToPath(new URL('../../models/nano', import.meta.url))

describe('where contexts and couplings start', () => {
	let clip: ClipModel
	beforeAll(async () => {
		clip = await loadClip(nano)
	})
	const prepare = (name: string, options = {}) => prepareDefense(name, clip, ['cat', 'delivery truck'], options)
	const words = (text: string) => clip.tokenizer.encode(text)

	it.each([
		['coop', { textPrompts: 16 }],
		['advpt', { textPrompts: 16 }],
		['advpt-v', { visualPrompts: 8 }],
		['advpt-vli', { prompts: 8, contextInit: 'normal' }],
		['advpt-vlj', { prompts: 8, contextInit: 'normal' }],
		['fap', { prompts: 8, contextInit: 'normal' }],
	])('%s: normal contexts have mean 0 and standard deviation 0.02', async (name, options) => {
		for (const [parameter, { data }] of Object.entries(await initialParameters(prepare(name, options), 11))) {
			if (!parameter.includes('context')) continue
			const size = data.length
			const mean = data.reduce((sum, value) => sum + value, 0) / size
			const deviation = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size)
			// Within five standard errors.
			expect(Math.abs(mean), parameter).toBeLessThan((5 * 0.02) / Math.sqrt(size))
			expect(Math.abs(deviation / 0.02 - 1), parameter).toBeLessThan(5 / Math.sqrt(2 * size))
		}
	})

	it('a chosen deviation scales them', async () => {
		const start = async (contextDeviation: number) =>
			(await initialParameters(prepare('advpt-v', { contextDeviation }), 4))['visual.context.0']!.data
		const [small, large] = [await start(0.25), await start(0.5)]
		expect(large).toEqual(small.map((value) => 2 * value))
		expect(new Set(await start(0))).toEqual(new Set([0]))
	})

	it.each(['advpt-vli', 'advpt-vlj', 'fap'])(
		'%s: two vectors are "a photo", and "of a" stays in the prompt',
		async (name) => {
			const defense = prepare(name)
			const { 'text.context.0': context } = await initialParameters(defense, 1)
			const table = 'text_model.embeddings.token_embedding.weight'
			const [stored] = (await readSafetensorsTensors(clip.checkpoint.weights.get(table)!.file, [table])).values()
			const embeddings = new Float32Array(stored!.data.buffer)
			const { width } = clip.config.text
			const ids = words('a photo').slice(1, -1)
			expect([...context!.data]).toEqual(ids.flatMap((id) => [...embeddings.slice(id * width, (id + 1) * width)]))
			const { prompts } = defense
			const row = [...prompts.ids.slice(prompts.length, prompts.length + prompts.endPositions[1]! + 1)].map(Number)
			expect(row).toEqual(words('X X of a delivery truck.'))
		},
	)

	it('counts of one to four vectors leave the rest of the words; all others stand before the name', () => {
		const rows = [1, 2, 3, 4].map((textPrompts) => {
			const { ids, endPositions } = prepare('coop', { textPrompts, contextInit: 'words' }).prompts
			return [...ids.slice(0, endPositions[0]! + 1)].map(Number)
		})
		const texts = ['X photo of a cat.', 'X X of a cat.', 'X X X a cat.', 'X X X X cat.']
		expect(rows).toEqual(texts.map((text) => words(text)))
	})

	it.each(['advpt-vlj', 'fap'])(
		'%s: its deep linear maps start as clones, the shallow one by itself, all uniform',
		async (name) => {
			const values = await initialParameters(prepare(name, { promptDepth: 3 }), 5)
			for (const part of ['weight', 'bias']) {
				const data = (layer: number) => values[`coupling.${layer}.${part}`]!.data
				expect(data(2)).toEqual(data(1))
				expect(data(1)).not.toEqual(data(0))
				for (const layer of [0, 1]) {
					// PyTorch's default: within 1 / sqrt(inputs), and close to it somewhere.
					const bound = values[`coupling.${layer}.weight`]!.shape[1]! ** -0.5
					const largest = data(layer).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
					expect(largest).toBeLessThanOrEqual(bound)
					expect(largest).toBeGreaterThan(0.9 * bound)
				}
			}
			expect(values['coupling.1.weight']!.data).not.toBe(values['coupling.2.weight']!.data)
		},
	)
})

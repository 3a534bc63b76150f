import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadClip } from '../checkpoints/load-clip.js'
import { readSafetensorsTensors } from '../files/safetensors.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import type { ClipModel } from '../vlm/model.js'
import { initialParameters } from './defense.js'
import { prepareDefense } from './registry.js'
import { towerFeatures } from './tower-features.test.support.js'

const nano = fileURLToPath(new URL('../../models/nano', import.meta.url))
const classNames = ['cat', 'dog', 'delivery truck']

describe('where NAP starts on nano', () => {
	let engine: ModelEngine
	let clip: ClipModel
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		clip = await loadClip(nano)
	})
	afterAll(() => engine.close())

	const nap = (options: Readonly<Record<string, unknown>>) =>
		prepareDefense('nap', clip, classNames, { textPrompts: 4, visualPrompts: 4, ...options })

	it('with zero-last refiners is prompts alone, bit for bit', async () => {
		const start = async (options: Readonly<Record<string, unknown>>) => {
			const defense = nap(options)
			return { defense, parameters: await initialParameters(defense, 7) }
		}
		const zeroLast = await start({ refinerInit: 'zero-last', refineFirst: true, refinerDepth: 3 })
		const none = await start({ refinerDepth: 0 })
		const torch = await start({ refinerInit: 'torch' })
		expect(zeroLast.defense.parameters.size).toBeGreaterThan(none.defense.parameters.size)
		const expected = await towerFeatures(engine, clip, none.defense, none.parameters)
		expect(await towerFeatures(engine, clip, zeroLast.defense, zeroLast.parameters)).toEqual(expected)
		const moved = await towerFeatures(engine, clip, torch.defense, torch.parameters)
		expect(moved.image).not.toEqual(expected.image)
		expect(moved.text).not.toEqual(expected.text)
	})

	it('says which tensors there are by tower and layer', () => {
		const names = (options: Readonly<Record<string, unknown>>) => [...nap(options).parameters.keys()]
		const { layers } = clip.config.text
		expect(names({ promptDepth: 1 })).toEqual(['text.context.0', 'visual.context.0'])
		expect(names({ promptDepth: 1, refineFirst: true, refinerDepth: 1, textRefiner: 'none' })).toEqual([
			'text.context.0',
			'visual.context.0',
			'visual.refiner.0.linear1.weight',
			'visual.refiner.0.linear1.bias',
		])
		const deep = names({ promptDepth: 100, refinerDepth: 0, visualRefiner: false, coupling: 'joint' })
		expect(deep.filter((name) => name.startsWith('text.context'))).toHaveLength(layers)
		expect(deep.filter((name) => name.startsWith('visual.context'))).toEqual([])
	})

	it('draws every tensor from a stream of its own; deep couplings start equal, as clones do', async () => {
		const defense = nap({ coupling: 'joint' })
		const [one, again, other] = await Promise.all([1, 1, 2].map((seed) => initialParameters(defense, seed)))
		expect(again).toEqual(one)
		const data = (name: string) => one![name]!.data
		expect(other!['text.context.0']!.data).not.toEqual(data('text.context.0'))
		expect(data('text.context.1')).not.toEqual(data('text.context.0'))
		expect(data('coupling.2.weight')).toEqual(data('coupling.1.weight'))
		expect(data('coupling.1.weight')).not.toEqual(data('coupling.0.weight'))
		const contexts = Object.entries(one!).flatMap(([name, value]) =>
			name.startsWith('text.context') ? [...value.data] : [],
		)
		const deviation = Math.sqrt(contexts.reduce((sum, value) => sum + value ** 2, 0) / contexts.length)
		// Within five standard errors of 0.02.
		expect(Math.abs(deviation / 0.02 - 1)).toBeLessThan(5 / Math.sqrt(2 * contexts.length))
		const weight = one!['visual.refiner.1.linear1.weight']!
		const bound = weight.shape[1]! ** -0.5
		const largest = weight.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
		expect(largest).toBeLessThanOrEqual(bound)
		expect(largest).toBeGreaterThan(0.98 * bound)
	})

	it('from words is the embeddings of "a photo of a"', async () => {
		const defense = nap({ contextInit: 'words', textPrompts: 3 })
		const { 'text.context.0': context } = await initialParameters(defense, 1)
		const name = 'text_model.embeddings.token_embedding.weight'
		const { file, offset } = clip.checkpoint.weights.get(name)!
		const [stored] = (await readSafetensorsTensors(file, [name])).values()
		expect(offset).toBeGreaterThan(0)
		const table = new Float32Array(stored!.data.buffer)
		const { width } = clip.config.text
		const ids = clip.tokenizer.encode('a photo of a').slice(1, 4)
		expect([...context!.data]).toEqual(ids.flatMap((id) => [...table.slice(id * width, (id + 1) * width)]))
		expect(() => nap({ contextInit: 'words', textPrompts: 5 })).toThrow(/at most 4 vectors, not 5/)
	})

	it('refuses names that leave no room for the context, and fewer than two classes', () => {
		const long = Array.from({ length: clip.config.text.contextLength - 6 }, () => 'cat').join(' ')
		const prepare = (names: string[], options = {}) => prepareDefense('nap', clip, names, options)
		expect(prepare(['dog', long], { textPrompts: 2 }).prompts.length).toBeLessThanOrEqual(
			clip.config.text.contextLength,
		)
		expect(() => prepare(['dog', long], { textPrompts: 16 })).toThrow(/with 16 context vectors needs \d+ tokens/)
		expect(() => prepare(['dog'])).toThrow(/at least 2 classes, got 1/)
		expect(() => prepareDefense('nip', clip, classNames)).toThrow(
			/Unknown defense nip; choose one of vanilla, coop, .*, fap, nap, .*\./,
		)
	})

	it('has prompts of start, context, name with full stop and end', () => {
		const { prompts } = nap({})
		const words = (row: number) => [...prompts.ids.slice(row * prompts.length, (row + 1) * prompts.length)].map(Number)
		const plain = clip.tokenizer.encode('delivery truck.')
		const x = clip.tokenizer.encode('X')[1]!
		expect(words(2).slice(0, prompts.endPositions[2]! + 1)).toEqual([plain[0], x, x, x, x, ...plain.slice(1)])
		expect(words(2)).toEqual(clip.tokenizer.encode('X X X X delivery truck.'))
		expect(prompts.length).toBe(prompts.endPositions[2]! + 1)
	})
})

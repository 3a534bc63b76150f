import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Tensor } from '../core/tensor.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { tinyClip } from '../methods/tuning/tiny.test.support.js'
import { ops } from '../onnx/index.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import type { ClipModel } from '../vlm/model.js'
import { fixedParameters, initialParameters } from './defense.js'
import { prepareDefense } from './registry.js'
import { noisyPictures, promptFeeds } from './tower-features.test.support.js'

const layers = Array.from({ length: 12 }, (_, layer) => layer)
const patches = 4
const prompts = 3

describe('prompts on twelve layers', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	const prepare = (clip: ClipModel, promptDepth: number, refinerDepth = 0) =>
		prepareDefense('nap', clip, ['cat', 'dog'], {
			textPrompts: prompts,
			visualPrompts: prompts,
			promptDepth,
			refinerDepth,
		})

	it.each([1, 9, 12])('of depth %i: contexts of their own up to there, processed ones after', async (depth) => {
		const clip = await tinyClip(await temporaryFolder(), 1, 12)
		const defense = prepare(clip, depth)
		const values = await initialParameters(defense, 3)
		const { layerInputs, tokens } = defense.imageFeatures(
			ops.input('pixels', 'float32', ['B', 3, 16, 16]),
			fixedParameters(values),
			{ allTokens: true },
		)
		const program = await engine.compile({
			...Object.fromEntries(layerInputs.map((value, layer) => [`layer ${layer}`, value])),
			end: tokens,
		})
		const results = await program.run({ pixels: noisyPictures(clip, 2) })
		await program.release()
		const width = clip.config.vision.width
		/** The context vectors of the second picture. */
		const context = (value: Tensor) => [...(value.data as Float32Array).slice(-prompts * width)]
		const inputs = layers.map((layer) => results[`layer ${layer}`]!)
		const { layout } = defense
		expect(layout.image).toHaveLength(12)
		inputs.forEach((value, layer) => {
			const { tokens: kept, prompts: vectors, ownPrompts, changed } = layout.image[layer]!
			expect(value.shape, `layer ${layer}`).toEqual([2, kept + vectors, width])
			expect([kept, vectors, changed]).toEqual([1 + patches, prompts, false])
			expect(ownPrompts).toBe(layer < depth)
			if (layer === 0) return
			const own = values[`visual.context.${layer}`]
			// A context of its own is the same for every picture; a processed one is what the block before made of it.
			if (ownPrompts) expect(context(value)).toEqual([...own!.data])
			else expect(own).toBeUndefined()
		})
		const processed = layers.filter((layer) => layer >= depth)
		const seen = [...processed.map((layer) => context(inputs[layer]!)), context(results.end!)]
		// Every block moves the processed context on, and it depends on the picture.
		expect(new Set(seen.map((values) => values.join(' '))).size).toBe(seen.length)
		for (const layer of processed) {
			const data = inputs[layer]!.data as Float32Array
			const first = [...data.slice(data.length / 2 - prompts * width, data.length / 2)]
			expect(first).not.toEqual(context(inputs[layer]!))
		}
		expect([...defense.parameters.keys()].filter((name) => name.startsWith('text'))).toHaveLength(depth)
	})

	it.each([1, 9, 12])(
		'of depth %i: the text tower reads the contexts of its layers, and nothing else',
		async (depth) => {
			const clip = await tinyClip(await temporaryFolder(), 1, 12)
			const defense = prepare(clip, depth)
			const values = await initialParameters(defense, 3)
			const { length } = defense.prompts
			expect(defense.layout.text).toEqual(
				layers.map((layer) => ({ tokens: length - prompts, prompts, ownPrompts: layer < depth, changed: false })),
			)
			const features = async (changed?: number) => {
				const moved = Object.fromEntries(
					Object.entries(values).map(([name, { data, ...rest }]) => [
						name,
						{ ...rest, data: name === `text.context.${changed}` ? data.map((value) => value + 0.1) : data },
					]),
				)
				const program = await engine.compile({
					text: defense.textFeatures(
						ops.input('ids', 'int64', ['C', length]),
						ops.input('endPosition', 'float32', ['C', length]),
						fixedParameters(moved),
					),
				})
				const { text } = await program.run(promptFeeds(defense))
				await program.release()
				return text!.data as Float32Array
			}
			const start = await features()
			for (const layer of new Set([0, depth - 1])) expect(await features(layer), `layer ${layer}`).not.toEqual(start)
		},
	)

	it('refines before blocks 1 to depth - 1, and before none at depth 1', async () => {
		const clip = await tinyClip(await temporaryFolder(), 1, 12)
		for (const depth of [1, 9, 12]) {
			const { layout, imageFeatures, parameters } = prepare(clip, depth, 1)
			const refined = layers.filter((layer) => layer > 0 && layer < depth)
			for (const tower of [layout.image, layout.text]) {
				expect(layers.filter((layer) => tower[layer]!.changed)).toEqual(refined)
			}
			const values = await initialParameters({ parameters }, 3)
			const pixels = ops.input('pixels', 'float32', ['B', 3, 16, 16])
			const { tokenChanges } = imageFeatures(pixels, fixedParameters(values))
			expect(tokenChanges.map(({ layer }) => layer)).toEqual(refined)
			for (const { before, after } of tokenChanges) {
				// Class and patch tokens alone; the context is left as it is.
				expect([before.shape[1], after.shape[1]]).toEqual([1 + patches, 1 + patches])
			}
		}
	})

	it('have refiners of a depth of their own', async () => {
		const clip = await tinyClip(await temporaryFolder(), 1, 12)
		const layoutOf = (options: object) =>
			prepareDefense('nap', clip, ['cat', 'dog'], { textPrompts: prompts, visualPrompts: prompts, ...options })
		for (const [promptDepth, refinerLayers, refineFirst] of [
			[2, 12, true],
			[12, 3, false],
			[0, 4, true],
			[3, 0, true],
			[5, 99, false],
		] as const) {
			const { layout, parameters, config } = layoutOf({ promptDepth, refinerLayers, refineFirst })
			const refined = layers.filter((layer) => layer < refinerLayers && (refineFirst || layer > 0))
			for (const tower of [layout.image, layout.text]) {
				expect(layers.filter((layer) => tower[layer]!.changed)).toEqual(refined)
				expect(layers.filter((layer) => tower[layer]!.ownPrompts)).toEqual(
					layers.filter((layer) => layer < promptDepth),
				)
			}
			const names = [...parameters.keys()]
			expect(names.filter((name) => /^visual.refiner.*linear1.weight/.test(name))).toHaveLength(refined.length)
			expect(names.filter((name) => name.startsWith('text.context'))).toHaveLength(promptDepth)
			expect(config).toMatchObject({ promptDepth, refinerLayers })
		}
		// An option at its default is in no record.
		expect(Object.keys(layoutOf({}).config)).not.toContain('refinerLayers')
		expect(Object.keys(layoutOf({}).config)).not.toContain('emptyRefiner')
	})

	it('are CLIP under a hand-written template where there are none, and refiners start at nothing', async () => {
		const clip = await tinyClip(await temporaryFolder(), 1, 12)
		const options = { promptDepth: 0, refinerLayers: 12, refineFirst: true, refinerInit: 'zero-last' }
		const [own, vanilla] = [
			prepareDefense('nap', clip, ['cat', 'dog'], options),
			prepareDefense('vanilla', clip, ['cat', 'dog']),
		]
		expect(own.prompts).toEqual(vanilla.prompts)
		const features = async (defense: typeof own) => {
			const values = await initialParameters(defense, 3)
			const program = await engine.compile({
				image: defense.imageFeatures(ops.input('pixels', 'float32', ['B', 3, 16, 16]), fixedParameters(values))
					.features,
				text: defense.textFeatures(
					ops.input('ids', 'int64', ['C', defense.prompts.length]),
					ops.input('endPosition', 'float32', ['C', defense.prompts.length]),
					fixedParameters(values),
				),
			})
			const { image, text } = await program.run({ pixels: noisyPictures(clip, 2), ...promptFeeds(defense) })
			await program.release()
			return [...(image!.data as Float32Array), ...(text!.data as Float32Array)]
		}
		const [ours, theirs] = [await features(own), await features(vanilla)]
		for (const [index, value] of theirs.entries()) expect(ours[index]).toBeCloseTo(value, 5)
		expect(own.views.map(({ name, defense }) => [name, defense().name])).toEqual([['prompt-aware', 'vanilla']])
	})

	it('double every token where refiners without layers are what the precursor code makes of them', async () => {
		const clip = await tinyClip(await temporaryFolder(), 1, 12)
		const options = { textPrompts: prompts, visualPrompts: prompts, refinerDepth: 0, emptyRefiner: 'double' }
		const defense = prepareDefense('nap', clip, ['cat', 'dog'], options)
		const values = await initialParameters(defense, 3)
		const pixels = ops.input('pixels', 'float32', ['B', 3, 16, 16])
		const { tokenChanges } = defense.imageFeatures(pixels, fixedParameters(values))
		expect(tokenChanges).toHaveLength(11)
		const { before, after } = tokenChanges[3]!
		const program = await engine.compile({ before, after })
		const results = await program.run({ pixels: noisyPictures(clip, 1) })
		await program.release()
		const doubled = (results.before!.data as Float32Array).map((value) => 2 * value)
		expect(results.after!.data).toEqual(doubled)
		expect([...defense.parameters.keys()].filter((name) => name.includes('refiner'))).toEqual([])
	})

	it('are refused where nothing is left to learn', async () => {
		const clip = await tinyClip(await temporaryFolder())
		expect(() => prepareDefense('nap', clip, ['cat', 'dog'], { promptDepth: 0 })).toThrow('nothing to learn')
		expect(() => prepareDefense('nap', clip, ['cat', 'dog'], { promptDepth: -1 })).toThrow('promptDepth')
	})

	it('go no deeper than the tower', async () => {
		const clip = await tinyClip(await temporaryFolder())
		for (const name of ['advpt-v', 'advpt-vli', 'advpt-vlj', 'fap', 'nap']) {
			const options = name === 'nap' ? { textPrompts: 2, visualPrompts: 2 } : {}
			const { layout, parameters } = prepareDefense(name, clip, ['cat', 'dog'], options)
			expect(layout.image.map(({ ownPrompts }) => ownPrompts)).toEqual([true, true])
			expect([...parameters.keys()].filter((key) => /(context|coupling)\.[2-9]/.test(key))).toEqual([])
		}
	})
})

import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadClip } from '../checkpoints/load-clip.js'
import { generator } from '../random/counter-based.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import type { ClipModel } from '../vlm/model.js'
import { initialParameters, type Parameter } from './defense.js'
import { promptedTowers, type TowerRefiner } from './prompted-towers.js'
import { prepareDefense } from './registry.js'
import { type RefinerOptions, refine, refinerParameters } from './token-refiner.js'
import { towerFeatures } from './tower-features.test.support.js'

const nano = fileURLToPath(new URL('../../models/nano', import.meta.url))

describe('what changes nothing is CLIP, bit for bit', () => {
	let engine: ModelEngine
	let clip: ClipModel
	let plain: { image: Float32Array; text: Float32Array }
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		clip = await loadClip(nano)
		plain = await towerFeatures(engine, clip, prepare('vanilla'), {})
	})
	afterAll(() => engine.close())
	const prepare = (name: string, options = {}) => prepareDefense(name, clip, ['cat', 'dog', 'delivery truck'], options)

	it('towers without context and refiner', async () => {
		const { prompts } = prepare('vanilla')
		expect(await towerFeatures(engine, clip, promptedTowers(clip, prompts, {}, {}), {})).toEqual(plain)
	})

	it.each(['none', 'token'] as const)('refiners whose last layer starts at zero, gate %s', async (gate) => {
		const options: RefinerOptions = { depth: 2, expansion: 2, init: 'zero-last', gate, norm: 'free', ensemble: 2 }
		const { text, vision } = clip.config
		const layers = [0, 1, 2]
		const refiner = (tower: string): TowerRefiner => ({
			layers,
			refine: (layer, tokens, lookup) => refine(tokens, `${tower}.refiner.${layer}`, options, lookup),
		})
		const parameters = new Map<string, Parameter>(
			layers.flatMap((layer) => [
				...refinerParameters(`text.refiner.${layer}`, text.width, options),
				...refinerParameters(`visual.refiner.${layer}`, vision.width, options),
			]),
		)
		const { prompts } = prepare('vanilla')
		const towers = promptedTowers(clip, prompts, { refiner: refiner('text') }, { refiner: refiner('visual') })
		const values = await initialParameters({ parameters }, 3)
		expect(await towerFeatures(engine, clip, towers, values)).toEqual(plain)
		// The same refiners do act once their last layer is no longer zero.
		const stream = generator(1, 'last layer')
		for (const [name, { data }] of Object.entries(values)) {
			if (name.includes('linear2')) for (const at of data.keys()) data[at] = 0.1 * stream.normal()
		}
		const moved = await towerFeatures(engine, clip, towers, values)
		expect(moved.image).not.toEqual(plain.image)
		expect(moved.text).not.toEqual(plain.text)
	})

	it('the text of advpt-v, the images of coop, advpt and advpt-e2e', async () => {
		const features = async (name: string, options = {}) => {
			const defense = prepare(name, options)
			return towerFeatures(engine, clip, defense, await initialParameters(defense, 2))
		}
		const visual = await features('advpt-v')
		expect(visual.text).toEqual(plain.text)
		expect(visual.image).not.toEqual(plain.image)
		for (const name of ['coop', 'advpt', 'advpt-e2e']) {
			const textual = await features(name, { textPrompts: 4 })
			expect(textual.image, name).toEqual(plain.image)
			expect(textual.text, name).not.toEqual(plain.text)
		}
	})

	it('a text context of the words of the template themselves', async () => {
		// "a photo of a" as four vectors is the template, so the start of such a context is zero-shot CLIP.
		const defense = prepare('coop', { textPrompts: 4, contextInit: 'words' })
		const { text } = await towerFeatures(engine, clip, defense, await initialParameters(defense, 2))
		expect(text).toEqual(plain.text)
	})
})

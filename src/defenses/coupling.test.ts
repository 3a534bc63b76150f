import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ops } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'
import { parameterInputs } from './defense.js'
import { type GoldenBench, openGoldenBench } from './golden.test.support.js'
import { defenses, prepareDefense } from './registry.js'

const layers = [0, 1, 2]
const named = (...patterns: string[]) => patterns.flatMap((pattern) => layers.map((l) => pattern.replace('#', `${l}`)))
const linear = (name: string) => [`${name}.weight`, `${name}.bias`]
const deep = layers.slice(1)
const deepCouplings = deep.flatMap((layer) => linear(`coupling.${layer}`))
const refiners = (tower: string) =>
	deep.flatMap((layer) => [1, 2].flatMap((at) => linear(`${tower}.refiner.${layer}.linear${at}`)))

/** What each tower reads on the tiny CLIP of three layers. */
const reads: Readonly<Record<string, { readonly text: readonly string[]; readonly image: readonly string[] }>> = {
	vanilla: { text: [], image: [] },
	coop: { text: ['text.context.0'], image: [] },
	advpt: { text: ['text.context.0'], image: [] },
	'advpt-e2e': { text: ['text.context.0'], image: [] },
	'advpt-v': { text: [], image: named('visual.context.#') },
	'advpt-vli': { text: named('text.context.#'), image: named('visual.context.#') },
	'advpt-vlj': {
		text: named('text.context.#'),
		image: named('text.context.#', 'coupling.#.weight', 'coupling.#.bias'),
	},
	maple: {
		text: named('text.context.#'),
		image: named('text.context.#', 'coupling.#.weight', 'coupling.#.bias'),
	},
	cocoop: { text: ['text.context.0', ...linear('meta.linear1'), ...linear('meta.linear2')], image: [] },
	apd: { text: named('text.context.#'), image: named('visual.context.#') },
	fap: {
		text: ['text.context.0', 'visual.context.1', 'visual.context.2', ...deepCouplings],
		image: ['text.context.0', ...linear('coupling.0'), 'visual.context.1', 'visual.context.2'],
	},
	nap: {
		text: [...named('text.context.#'), ...refiners('text')],
		image: [...named('visual.context.#'), ...refiners('visual')],
	},
}

/** Fewer vectors than the defaults, where these do not fit the short context of the tiny CLIP. */
const sizes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
	coop: { textPrompts: 2 },
	advpt: { textPrompts: 2 },
	'advpt-e2e': { textPrompts: 2 },
	nap: { textPrompts: 2, visualPrompts: 2 },
}

describe('what the towers read', () => {
	let bench: GoldenBench
	beforeAll(async () => {
		bench = await openGoldenBench()
	})
	afterAll(() => bench.engine.close())

	/** Parameters among the inputs of a compiled graph: what its result depends on. */
	async function parametersOf(value: Value, known: Iterable<string>): Promise<string[]> {
		const program = await bench.engine.compile({ value })
		const inputs = new Set(program.inputs)
		await program.release()
		return [...known].filter((name) => inputs.has(name)).sort()
	}

	async function towers(name: string, options: Readonly<Record<string, unknown>> = {}) {
		const counts = sizes[name] ?? {}
		const defense = prepareDefense(name, bench.clip, ['cat', 'dog'], { ...counts, ...options })
		const { lookup } = parameterInputs(defense, 'float64')
		const names = [...defense.parameters.keys()]
		const { length } = defense.prompts
		const ids = ops.input('ids', 'int64', ['C', length])
		const ends = ops.input('endPosition', 'float64', ['C', length])
		const pixels = ops.input('pixels', 'float64', ['B', 3, 16, 16])
		const features = ops.input('features', 'float64', ['B', bench.clip.config.projectionDimension])
		const text = defense.textFeaturesOfImages?.(features, lookup) ?? defense.textFeatures(ids, ends, lookup)
		const image = defense.imageFeatures(pixels, lookup).features
		const taught = defense.teacher
			? [defense.teacher.textFeatures(ids, ends, lookup), defense.teacher.imageFeatures(pixels, lookup).features]
			: []
		return {
			names: names.sort(),
			text: await parametersOf(text, names),
			image: await parametersOf(image, names),
			teacher: (await Promise.all(taught.map((value) => parametersOf(value, names)))).flat(),
		}
	}

	it.each([...defenses.keys()])('%s: parameters of its own in each tower, coupled as its paper says', async (name) => {
		const { names, text, image, teacher } = await towers(name)
		// Fine-tuning learns the image tower's own weights, whatever they are called.
		const expected = reads[name] ?? { text: [], image: names.filter((one) => one.startsWith('image.')) }
		expect(text).toEqual([...expected.text].sort())
		expect(image).toEqual([...expected.image].sort())
		// Nothing is registered that nothing reads: it would take weight decay without ever being used.
		expect([...new Set([...text, ...image, ...teacher])].sort()).toEqual(names)
	})

	it('advpt-vli leaves its towers independent, advpt-vlj and fap do not', async () => {
		const shared = async (name: string) => {
			const { text, image } = await towers(name)
			return text.filter((parameter) => image.includes(parameter))
		}
		expect(await shared('advpt-vli')).toEqual([])
		expect(await shared('advpt-vlj')).toEqual(named('text.context.#'))
		expect(await shared('fap')).toEqual(['text.context.0', 'visual.context.1', 'visual.context.2'])
	})

	it('NAP with joint coupling makes visual contexts of the text ones; refiners read their own tower', async () => {
		const { text, image } = await towers('nap', { coupling: 'joint', refinerDepth: 1 })
		expect(image.filter((name) => !name.includes('refiner'))).toEqual(
			[...named('coupling.#.bias', 'coupling.#.weight', 'text.context.#')].sort(),
		)
		expect(text.some((name) => name.startsWith('visual'))).toBe(false)
		expect(image.some((name) => name.startsWith('text.refiner'))).toBe(false)
	})
})

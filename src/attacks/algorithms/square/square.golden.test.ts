import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Classifier } from '../../../classifier/classifier.js'
import { createGraphClassifier } from '../../../classifier/graph-classifier.js'
import { range } from '../../../core/rows.js'
import { float32, ops } from '../../../onnx/index.js'
import type { Generator } from '../../../random/generator.js'
import { pythonRandom } from '../../../random/python-random.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import type { Norm } from '../../sets/threat-model.js'
import { squareSchema } from './options.js'
import { bumps } from './patch.js'
import { squareRounds } from './square.js'
import { counted } from './square.test.support.js'

/** See fixtures/square-golden/README.md. */
interface Golden {
	readonly shape: readonly [number, number, number]
	readonly classes: number
	readonly queries: number
	readonly etas: Readonly<Record<string, readonly number[]>>
	readonly runs: readonly {
		readonly norm: Norm
		readonly seed: number
		readonly epsilon: number
		readonly label: number
		readonly options: {
			readonly targeted: boolean
			readonly loss: 'margin' | 'ce'
			readonly rescaleSchedule: boolean
		}
		readonly queries: number
		readonly change: readonly number[]
	}[]
}
const golden = JSON.parse(
	readFileSync(fileURLToPath(new URL('../../../../fixtures/square-golden/square.json', import.meta.url)), 'utf8'),
) as Golden
const size = golden.shape.reduce((product, side) => product * side)
const drawn = (seed: number, count: number) => {
	const { random } = pythonRandom(seed)
	return range(0, count).map(() => random())
}

/** The fixture's generator, of which only `below` is used. */
function driven(seed: number): Generator {
	const { random } = pythonRandom(seed)
	const never = () => {
		throw new Error('not among the numbers of the reference')
	}
	return { uint32: never, uniform: never, normal: never, below: (n) => Math.floor(random() * n) }
}

let engine: Engine
let linear: Classifier
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	const weight = float32(
		[golden.classes, size],
		drawn(100, golden.classes * size).map((value) => value - 0.5),
	)
	linear = await createGraphClassifier({
		engine,
		classNames: range(0, golden.classes).map(String),
		imageShape: golden.shape,
		build: (pixels) => ({ logits: ops.linear(ops.reshape(pixels, [-1, size]), ops.literal(weight), null) }),
	})
})
afterAll(() => engine.close())

describe('with the random numbers of the reference', () => {
	it.each(golden.runs)(
		'a search in $norm, seed $seed, $options, fools by the same image at the same query',
		async (one) => {
			const pixels = drawn(200 + one.seed, size).map((value) => Math.min(1, Math.max(0, 1.25 * value - 0.125)))
			const images = float32([1, ...golden.shape], pixels)
			const { classifier, evaluations } = counted(linear)
			const [round] = squareRounds(squareSchema.parse({ queries: golden.queries, ...one.options }))
			const batch = { images, labels: [one.label], ids: ['image'] }
			const threat = { norm: one.norm, epsilon: one.epsilon }
			const found = await round!.run(classifier, batch, threat, () => driven(one.seed))
			expect(evaluations()).toBe(one.queries)
			const off = one.change.map((change, at) => Math.abs(found.data[at]! - images.data[at]! - change))
			expect(Math.max(...off)).toBeLessThan(1e-6)
		},
	)

	it('most of the searches above take long', () => {
		expect(golden.runs.filter(({ queries }) => queries > 200).length).toBeGreaterThan(golden.runs.length / 2)
	})
})

describe('patches in L2', () => {
	it.each(Object.keys(golden.etas).map(Number))('of side %d are those of the reference, and turned', (side) => {
		const eta = golden.etas[side]!
		const own = bumps(side, false)
		const turned = bumps(side, true)
		for (const [at, value] of eta.entries()) {
			expect(own[at]).toBeCloseTo(value, 10)
			expect(turned[(at % side) * side + Math.floor(at / side)]).toBe(own[at])
		}
	})
})

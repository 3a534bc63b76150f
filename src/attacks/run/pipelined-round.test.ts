import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Classifier } from '../../classifier/classifier.js'
import { decorate } from '../../classifier/decorate.js'
import { createGraphClassifier } from '../../classifier/graph-classifier.js'
import { imageShape, networkGraph, randomBatch } from '../../classifier/graphs.test.support.js'
import { range } from '../../core/rows.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import { prepareAttack } from '../registry.js'
import type { AttackRound } from './attack-round.js'
import { imageStreams } from './image-streams.js'
import { runPipelined } from './pipelined-round.js'

const threat = { norm: 'linf', epsilon: 0.05 } as const
const streams = imageStreams(2)
const [round] = prepareAttack('apgd-ce', { steps: 6 }).rounds(4)

let engine: Engine
let classifier: Classifier
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	classifier = await createGraphClassifier({
		engine,
		classNames: ['a', 'b', 'c', 'd'],
		imageShape,
		build: networkGraph(4),
	})
})
afterAll(() => engine.close())

/** The round, with the sizes of its batches. */
function counted(sizes: number[]): AttackRound {
	return {
		...round!,
		run: (own, batch, ...more) => {
			sizes.push(batch.ids.length)
			return round!.run(own, batch, ...more)
		},
	}
}

describe('a pipelined round', () => {
	it('works on halves, to the bytes of the whole batch', async () => {
		const batch = randomBatch(range(0, 51).map((index) => index % 4))
		const whole = await round!.run(classifier, batch, threat, streams)
		const sizes: number[] = []
		expect(await runPipelined(counted(sizes), classifier, batch, threat, streams)).toEqual(whole)
		expect(sizes).toEqual([26, 25])
	})

	it('leaves small batches whole, and those of classifiers that fill batches up', async () => {
		const sizes: number[] = []
		const few = randomBatch(range(0, 15).map(() => 0))
		await runPipelined(counted(sizes), classifier, few, threat, streams)
		const many = randomBatch(range(0, 60).map(() => 0))
		await runPipelined(counted(sizes), decorate(classifier, { pipelined: false }), many, threat, streams)
		expect(sizes).toEqual([15, 60])
	})

	it('waits for both halves before it fails', async () => {
		const batch = randomBatch(range(0, 60).map(() => 0))
		let finished = false
		const failing: AttackRound = {
			...round!,
			async run(_, { ids, images }) {
				if (ids.includes('image 0')) throw new Error('the first half')
				await new Promise((resolve) => setTimeout(resolve, 20))
				finished = true
				return images
			},
		}
		await expect(runPipelined(failing, classifier, batch, threat, streams)).rejects.toThrow('the first half')
		expect(finished).toBe(true)
	})
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttackBatch } from '../../classifier/attack-batch.js'
import type { Classifier } from '../../classifier/classifier.js'
import { createGraphClassifier } from '../../classifier/graph-classifier.js'
import { imageShape, networkGraph, randomBatch } from '../../classifier/graphs.test.support.js'
import { predictions } from '../../classifier/predictions.js'
import { NaptuneError } from '../../core/errors.js'
import { joinRows, range, takeRows } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import type { PreparedAttack } from '../attack-definition.js'
import { prepareAttack } from '../registry.js'
import { attackBatch } from './attack-batch.js'
import { type AttackOutcome, type AttackTrial, isRobust } from './attack-outcomes.js'
import { imageStreams } from './image-streams.js'
import { type AttackImages, type RunAttackOptions, runAttack } from './run-attack.js'
import type { AttackCounts } from './tell-progress.js'

const count = 23
const batch = randomBatch(range(0, count).map(() => 0))
const attack = prepareAttack('pgd', { steps: 3 })
const threatModel = { norm: 'linf', epsilon: 0.04 } as const
const streams = imageStreams(1)

/** Three rounds in two stages, each stronger than the one before. */
const staged: PreparedAttack = {
	...attack,
	rounds: () =>
		[
			{ stage: 'first', name: 'first', steps: 1 },
			{ stage: 'second', name: 'second 1', steps: 3 },
			{ stage: 'second', name: 'second 2', steps: 12 },
		].map(({ steps, ...names }) => ({
			...names,
			cost: { evaluations: 0, gradients: steps },
			run: prepareAttack('pgd', { steps, start: 'zero', relativeStepSize: steps === 1 ? 0.3 : 0.5 }).rounds(4)[0]!.run,
		})),
}

/** The same attack, whose batches are shown. */
function observed(
	{ rounds, ...other }: PreparedAttack,
	show: (round: string, batch: AttackBatch) => void,
): PreparedAttack {
	return {
		...other,
		rounds: (classes) =>
			rounds(classes).map((round) => ({
				...round,
				run: (...args) => {
					show(round.name, args[1])
					return round.run(...args)
				},
			})),
	}
}

let engine: Engine
let classifier: Classifier
let images: AttackImages
/** Labels that the clean prediction misses at every third position. */
let labels: readonly number[]

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	classifier = await createGraphClassifier({
		engine,
		classNames: ['a', 'b', 'c', 'd'],
		imageShape,
		build: networkGraph(4),
	})
	const { logits } = await classifier.evaluate(batch.images, ['logits'])
	labels = predictions(logits!, batch.ids).map((predicted, row) => (row % 3 === 0 ? (predicted + 1) % 4 : predicted))
	images = { ids: batch.ids, labels, pixels: async (positions) => takeRows(batch.images, positions) }
})
afterAll(() => engine.close())

async function run(options: Partial<RunAttackOptions>) {
	const outcomes: AttackOutcome[] = []
	const parts: Tensor<'float32'>[] = []
	const sizes: number[] = []
	const base = { classifier, attack, threatModel, images, streams, batchSize: 5 }
	for await (const part of runAttack({ ...base, ...options })) {
		outcomes.push(...part.outcomes)
		sizes.push(part.outcomes.length)
		if (part.images) parts.push(part.images)
	}
	const order = (a: AttackOutcome, b: AttackOutcome) => batch.ids.indexOf(a.id) - batch.ids.indexOf(b.id)
	return { outcomes, sorted: [...outcomes].sort(order), sizes, parts }
}

describe('runAttack', () => {
	it('tells what the attack did to every image, whatever the batch size', async () => {
		const adversarial = await attackBatch(attack, classifier, { ...batch, labels }, threatModel, streams)
		const { logits } = await classifier.evaluate(adversarial, ['logits'])
		const predicted = predictions(logits!, batch.ids)
		const { sorted, parts, outcomes } = await run({ keepImages: true })
		expect(sorted.map(({ id }) => id)).toEqual(batch.ids)
		sorted.forEach(({ label, cleanPrediction, adversarialPrediction, attacked }, row) => {
			expect([label, adversarialPrediction, attacked]).toEqual([labels[row], predicted[row], true])
			expect(cleanPrediction === label).toBe(row % 3 !== 0)
		})
		const rows = outcomes.map(({ id }) => batch.ids.indexOf(id))
		expect(joinRows(parts)).toEqual(takeRows(adversarial, rows))
		for (const batchSize of [1, 23, 100]) expect((await run({ batchSize })).sorted).toEqual(sorted)
	})

	it('skips images that are wrong when clean, and fills batches up with others', async () => {
		const sizes: number[] = []
		const all = await run({})
		const { sorted } = await run({ skipWrong: true, attack: observed(attack, (_, { ids }) => sizes.push(ids.length)) })
		expect(sizes).toEqual([5, 5, 5])
		sorted.forEach((outcome, row) => {
			const { cleanPrediction } = outcome
			const skipped = { ...outcome, adversarialPrediction: cleanPrediction, attacked: false }
			expect(outcome).toEqual(row % 3 === 0 ? skipped : all.sorted[row])
		})
		expect(sorted.filter(isRobust).length).toBe(all.sorted.filter(isRobust).length)
	})

	it('continues where another run was left, in the middle of any round', async () => {
		for (const own of [attack, staged]) {
			const whole = await run({ attack: own, skipWrong: true, keepImages: true })
			const trials: AttackTrial[] = []
			const options = { classifier, attack: own, threatModel, images, streams, batchSize: 4, skipWrong: true }
			for await (const part of runAttack(options)) trials.push(...part.trials)
			for (const kept of [3, count - 1, count + 4, trials.length - 2, trials.length]) {
				const seen: string[] = []
				const rest = await run({
					attack: observed(own, (round, { ids }) => seen.push(...ids.map((id) => `${round} ${id}`))),
					skipWrong: true,
					batchSize: 6,
					earlier: trials.slice(0, kept),
				})
				expect(rest.sorted).toEqual(whole.sorted)
				const missing = trials.slice(kept).filter(({ round }) => round !== 'clean')
				expect(seen.sort()).toEqual(missing.map(({ round, id }) => `${round} ${id}`).sort())
			}
		}
	})

	it('tries every round on what is left of the ones before, from the clean images', async () => {
		const seen = new Map<string, string[]>()
		const { sorted, parts, outcomes } = await run({
			attack: observed(staged, (round, { ids, images: given }) => {
				seen.set(round, [...(seen.get(round) ?? []), ...ids])
				expect(given).toEqual(
					takeRows(
						batch.images,
						ids.map((id) => batch.ids.indexOf(id)),
					),
				)
			}),
			skipWrong: true,
			keepImages: true,
		})
		const right = sorted.filter(({ cleanPrediction, label }) => cleanPrediction === label)
		let standing = right
		for (const { name, stage } of staged.rounds(4)) {
			expect(seen.get(name)).toEqual(standing.map(({ id }) => id))
			const after = standing.filter((outcome) => outcome.stage !== stage)
			// Only a stage's last round says how many it left.
			if (name !== 'second 1') standing = after
			else standing = standing.filter(({ id }) => seen.get('second 2')!.includes(id))
		}
		expect(standing.every(isRobust)).toBe(true)
		expect(new Set(right.map(({ stage }) => stage))).toEqual(new Set(['first', 'second', undefined]))
		// The images that come back have the predictions that are told.
		const attacked = outcomes.filter((outcome) => outcome.attacked)
		const { logits } = await classifier.evaluate(joinRows(parts), ['logits'])
		expect(predictions(logits!, batch.ids)).toEqual(attacked.map(({ adversarialPrediction: told }) => told))
	})

	it('does on one batch what the same rounds do on many', async () => {
		const { sorted, parts, outcomes } = await run({ attack: staged, skipWrong: true, keepImages: true })
		const whole = { ...staged, skipsWrong: true }
		const found = await attackBatch(whole, classifier, { ...batch, labels }, threatModel, streams)
		const attacked = outcomes.filter((outcome) => outcome.attacked)
		const all = joinRows(parts)
		const byId = new Map(attacked.map(({ id }, row) => [id, takeRows(all, [row]).data]))
		sorted.forEach((outcome, row) => {
			const fooled = outcome.attacked && !isRobust(outcome)
			expect(takeRows(found, [row]).data).toEqual(fooled ? byId.get(outcome.id) : takeRows(batch.images, [row]).data)
		})
	})

	it('reports progress that ends with the result', async () => {
		for (const own of [attack, staged]) {
			const reports: AttackCounts[] = []
			const { outcomes } = await run({ attack: own, skipWrong: true, onProgress: (counts) => reports.push(counts) })
			for (const key of ['done', 'roundNumber'] as const) {
				const told = reports.map((counts) => counts[key])
				expect(told).toEqual([...told].sort((a, b) => a - b))
			}
			for (const { done, underWay, total } of reports) expect(done + underWay).toBeLessThanOrEqual(total)
			expect(Math.max(...reports.map(({ underWay }) => underWay))).toBeGreaterThan(3)
			const totals = reports.map(({ work }) => work.done + work.left)
			for (const [at, total] of totals.slice(1).entries()) expect(total).toBeLessThanOrEqual(totals[at]!)
			const robust = outcomes.filter(isRobust).length
			expect(reports.at(-1)).toMatchObject({
				done: count,
				total: count,
				attacked: outcomes.filter(({ attacked }) => attacked).length,
				robust,
				standing: robust,
				work: { left: 0 },
			})
		}
	})

	it('attacks targets, and judges by the true label', async () => {
		const targeted = prepareAttack('pgd', { steps: 10, targeted: true })
		const targets = labels.map((label) => (label + 2) % 4)
		const strong = { norm: 'linf', epsilon: 0.2 } as const
		const { sorted } = await run({ attack: targeted, images: { ...images, targets }, threatModel: strong })
		const reached = sorted.filter(({ adversarialPrediction }, row) => adversarialPrediction === targets[row])
		expect(reached.length).toBeGreaterThan(count / 2)
		expect(sorted.map(({ label }) => label)).toEqual(labels)
	})

	it('goes on with a targeted attack until the target is reached, as the attack does on its own', async () => {
		const square = prepareAttack('square', { queries: 12, restarts: 4, targeted: true })
		const targets = labels.map((label) => (label + 2) % 4)
		const strong = { norm: 'linf', epsilon: 0.1 } as const
		const seen = new Map<string, number>()
		const watched = observed(square, (round, { ids, labels: aims }) => {
			seen.set(round, ids.length)
			expect(aims).toEqual(ids.map((id) => targets[batch.ids.indexOf(id)]))
		})
		const { sorted } = await run({
			attack: watched,
			images: { ...images, targets },
			threatModel: strong,
			batchSize: 50,
		})
		const attempts = range(0, 4).map((restart) => seen.get(`square restart ${restart}`)!)
		expect(attempts).toEqual([...attempts].sort((a, b) => b - a))
		expect(attempts[3]).toBeLessThan(attempts[0]!)
		const alone = await attackBatch(square, classifier, { ...batch, labels: targets }, strong, streams)
		const predicted = predictions((await classifier.evaluate(alone, ['logits'])).logits!, batch.ids)
		const attacked = range(0, count).filter((row) => sorted[row]!.attacked)
		expect(attacked).toHaveLength(attempts[0]!)
		for (const row of attacked) {
			expect(sorted[row]!.adversarialPrediction === targets[row]).toBe(predicted[row] === targets[row])
		}
	})

	it.each<[string, () => Partial<RunAttackOptions>, RegExp]>([
		['ids that occur twice', () => ({ images: { ...images, ids: [...batch.ids.slice(1), 'image 5'] } }), /id image 5/],
		['too few labels', () => ({ images: { ...images, labels: [0] } }), /23 images with 1 labels/],
		['no targets', () => ({ attack: prepareAttack('pgd', { targeted: true }) }), /targeted: give a target/],
		['a batch size of 0', () => ({ batchSize: 0 }), /batch size/],
	])('refuses %s', async (_, options, message) => {
		await expect(run(options())).rejects.toThrow(NaptuneError)
		await expect(run(options())).rejects.toThrow(message)
	})
})

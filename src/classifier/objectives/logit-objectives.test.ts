import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { range, takeRows } from '../../core/rows.js'
import { tensor } from '../../core/tensor.js'
import { relativeError } from '../../files/golden.test.support.js'
import { grad, int64, ops, type Value } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { createGraphClassifier } from '../graph-classifier.js'
import { imageShape, networkGraph, randomBatch } from '../graphs.test.support.js'
import { dlrObjective, targetedDlrObjective } from './dlr-objectives.js'
import { marginObjective, targetedMarginObjective } from './margin-objectives.js'
import type { Objective } from './objective.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** Losses and gradients in float64, one row per pair of label and target. */
async function run(objective: Objective, rows: readonly number[][], labels: number[], targets: number[] = labels) {
	const classes = rows[0]!.length
	const logits = ops.input('logits', 'float64', ['B', classes])
	const side: Record<string, Value> = {
		labels: ops.input('labels', 'int64', ['B']),
		targets: ops.input('targets', 'int64', ['B']),
	}
	const loss = objective.build({ logits }, side)
	const program = await engine.compile({ loss, gradient: grad(loss, [logits])[0]! })
	const feeds = {
		logits: tensor('float64', [rows.length, classes], Float64Array.from(rows.flat())),
		labels: int64([labels.length], labels),
		targets: int64([targets.length], targets),
	}
	const read = Object.fromEntries(program.inputs.map((name) => [name, feeds[name as keyof typeof feeds]]))
	const outputs = await program.run(read)
	await program.release()
	return { loss: [...(outputs.loss!.data as Float64Array)], gradient: outputs.gradient!.data as Float64Array }
}

const golden = [2, 1, 0.5, -1, 3]
const repeat = (count: number, row: number[] = golden) => range(0, count).map(() => row)
const targeted = ['targeted-dlr', 'targeted-margin']
const objectives = [dlrObjective, targetedDlrObjective, marginObjective, targetedMarginObjective]

describe('objectives on logits', () => {
	it('have the golden values of the difference of logits ratio', async () => {
		const { loss } = await run(dlrObjective, repeat(5), [0, 1, 2, 3, 4])
		expect(relativeError(loss, [0.5, 1, 1.25, 2, -0.5])).toBeLessThan(1e-11)
		const towards = await run(targetedDlrObjective, repeat(4), [4, 4, 4, 4], [0, 1, 2, 3])
		expect(relativeError(towards.loss, [-4 / 9, -8 / 9, -10 / 9, -16 / 9])).toBeLessThan(1e-11)
	})

	it('have the margin of logits', async () => {
		expect((await run(marginObjective, repeat(5), [0, 1, 2, 3, 4])).loss).toEqual([1, 2, 2.5, 4, -1])
		expect((await run(targetedMarginObjective, repeat(3), [4, 0, 2], [0, 4, 3])).loss).toEqual([-1, 1, -1.5])
	})

	it.each(objectives)('$name has the gradient of its values, through every ranked logit', async (objective) => {
		const rows = [golden, [0.3, -0.2, 1.7, 0.9, -1.1], [4, 3.5, -2, 0.25, 1], golden]
		const [labels, targets] = [
			[4, 0, 1, 2],
			[0, 3, 4, 1],
		]
		const { gradient } = await run(objective, rows, labels, targets)
		const shift = 1e-6
		const numeric = await Promise.all(
			range(0, 5).map(async (at) => {
				const moved = (by: number) => rows.map((row) => row.map((value, index) => (index === at ? value + by : value)))
				const [up, down] = [
					await run(objective, moved(shift), labels, targets),
					await run(objective, moved(-shift), labels, targets),
				]
				return up.loss.map((loss, row) => (loss - down.loss[row]!) / (2 * shift))
			}),
		)
		const expected = rows.flatMap((_, row) => range(0, 5).map((at) => numeric[at]![row]!))
		expect(relativeError(gradient, expected)).toBeLessThan(1e-8)
	})

	it('DLR is constant without a gradient while the true class ranks third', async () => {
		const { loss, gradient } = await run(dlrObjective, [golden, [0.1, 5, -3, 2, 1.5]], [1, 4])
		expect(relativeError(loss, [1, 1])).toBeLessThan(1e-11)
		expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-11)
		const margin = await run(marginObjective, [golden], [1])
		expect([...margin.gradient]).toEqual([0, -1, 0, 0, 1])
	})

	it.each(objectives)('$name is finite where logits tie, all of them too', async (objective) => {
		const rows = [
			[3, 3, 1, 0],
			[1, 3, 3, 0],
			[2, 2, 2, 2],
		]
		const { loss, gradient } = await run(objective, rows, [0, 2, 1], [1, 1, 3])
		expect(loss.map((value) => value + 0)).toEqual([0, 0, 0])
		expect(gradient.every(Number.isFinite)).toBe(true)
	})

	it.each([
		[dlrObjective, 2, /DLR needs at least 3 classes; the classifier has 2/],
		[targetedDlrObjective, 3, /Targeted DLR needs at least 4 classes; the classifier has 3/],
		[marginObjective, 1, /margin needs at least 2 classes/],
	] as const)('$name says how many classes it needs', async (objective, classes, message) => {
		const result = run(objective, [range(0, classes)], [0])
		await expect(result).rejects.toThrow(NaptuneError)
		await expect(result).rejects.toThrow(message)
	})

	it.each([2, 3])('work with %d classes where they can', async (classes) => {
		const rows = [range(0, classes), range(0, classes)]
		expect((await run(marginObjective, rows, [0, classes - 1])).loss).toEqual([classes - 1, -1])
		if (classes === 3) expect((await run(dlrObjective, rows, [0, 2])).loss[1]).toBeCloseTo(-0.5, 10)
	})

	it.each(objectives)('$name has the same bytes in every batch', async (objective) => {
		const names = range(0, 7).map(String)
		const classifier = await createGraphClassifier({ engine, classNames: names, imageShape, build: networkGraph(7) })
		const { images } = randomBatch(range(0, 67))
		const look = async (rows: number[]) => {
			const labels = int64(
				[rows.length],
				rows.map((row) => row % 7),
			)
			const targets = int64(
				[rows.length],
				rows.map((row) => (row + 1 + (row % 5)) % 7),
			)
			const side = targeted.includes(objective.name) ? { labels, targets } : { labels }
			return classifier.gradient(takeRows(images, rows), objective, side)
		}
		const whole = await look(range(0, 67))
		for (const rows of [[5], [66, 0, 31], range(3, 20)]) {
			const part = await look(rows)
			expect(part.loss.data).toEqual(takeRows(whole.loss, rows).data)
			expect(part.gradient.data).toEqual(takeRows(whole.gradient, rows).data)
		}
		await classifier.release()
	})
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { marginObjective } from '../../../classifier/objectives/margin-objectives.js'
import { range } from '../../../core/rows.js'
import { grad, int64, ops, tensor } from '../../../onnx/index.js'
import { generator } from '../../../random/counter-based.js'
import { createEngine, type ModelEngine, type Program } from '../../../runtime/index.js'
import type { Norm } from '../../sets/threat-model.js'
import { type ApgdProblem, apgdRun } from './apgd-core.js'
import { apgdRandomStart } from './apgd-start.js'

const norms: readonly Norm[] = ['linf', 'l2']

describe('APGD on one pixel whose losses are given', () => {
	/**
	 * Runs it on the losses of start and iterates, with gradients that are all 1.
	 * @param wrong Iterates that are classified wrong.
	 */
	async function trace(losses: readonly number[], { wrong = [] as readonly number[], gradient = 1 } = {}) {
		const iterates: number[] = []
		const stepSizes: number[] = []
		const outcome = await apgdRun<Float64Array>({
			norm: 'linf',
			epsilon: 0.25,
			steps: losses.length - 1,
			clean: Float64Array.of(0.5),
			start: Float64Array.of(0.5),
			count: 1,
			evaluate: async (_, iteration) => ({
				loss: [losses[iteration]!],
				gradient: Float64Array.of(gradient),
				right: [!wrong.includes(iteration)],
			}),
			onIterate: ({ images, stepSizes: steps }) => {
				iterates.push(images[0]!)
				stepSizes.push(steps[0]!)
			},
		})
		return { iterates, stepSizes, outcome }
	}

	it('goes to the border at once and stays there while losses rise', async () => {
		const { iterates, stepSizes, outcome } = await trace(range(0, 11))
		expect(iterates).toEqual([0.5, ...range(0, 10).map(() => 0.75)])
		// From the third checkpoint on an interval is a single iteration, which always rises here.
		expect(new Set(stepSizes)).toEqual(new Set([0.5]))
		expect([outcome.best[0], outcome.bestLoss[0], outcome.fooled[0]]).toEqual([0.75, 10, false])
	})

	it('halves at every checkpoint while losses fall, and goes back to the best with the momentum from before', async () => {
		// 10 steps: checkpoints 2, 3, 4 and so on. The start is the best throughout.
		const { iterates, stepSizes } = await trace(range(0, 11).map((at) => -at))
		expect(stepSizes.slice(0, 6)).toEqual([0.5, 0.5, 0.5, 0.25, 0.125, 0.0625])
		// Steps 1 and 2 reach the border. Then x = 0.5 with 0.75 before it: momentum -0.25 · 0.25, step 0.25 · 0.75.
		expect(iterates.slice(0, 4)).toEqual([0.5, 0.75, 0.75, 0.625])
		// Back to 0.5 with 0.5 before the last step, at which point the change was none.
		expect(iterates[4]).toBe(0.5 + 0.125 * 0.75)
	})

	it('keeps the latest wrong iterate, and the clean image where there is none', async () => {
		// With halvings all iterates differ, so that which one was kept can be told.
		const losses = range(0, 11).map((at) => -at)
		const { iterates, outcome } = await trace(losses, { wrong: [0, 3, 4] })
		expect(outcome).toMatchObject({ fooled: [true], adversarial: Float64Array.of(iterates[4]!) })
		const other = await trace(losses, { wrong: [3] })
		expect(other.outcome.adversarial[0]).toBe(iterates[3])
		expect(new Set([iterates[0], iterates[3], iterates[4]]).size).toBe(3)
		const none = await trace(losses)
		expect(none.outcome).toMatchObject({ fooled: [false], adversarial: Float64Array.of(0.5) })
	})

	it('runs all iterations, fooled or not, and stands still without a gradient', async () => {
		const { iterates, outcome } = await trace(range(0, 8), { wrong: [0], gradient: 0 })
		expect(iterates).toEqual(range(0, 8).map(() => 0.5))
		expect(outcome.fooled).toEqual([true])
	})
})

describe.each(norms)('APGD in %s on a network in float64', (norm) => {
	const [count, size, classes, epsilon] = [6, 12, 5, norm === 'linf' ? 0.08 : 0.3]
	const labels = [0, 1, 2, 3, 4, 0]
	const normals = (rows: number, columns: number, name: string) => {
		const stream = generator(3, name)
		return tensor(
			'float64',
			[rows, columns],
			Float64Array.from({ length: rows * columns }, () => stream.normal()),
		)
	}
	const clean = Float64Array.from({ length: count * size }, (_, at) => generator(4, at).uniform())
	const start = clean.slice()
	range(0, count).forEach((row) => {
		apgdRandomStart(start, { start: row * size, end: (row + 1) * size }, { norm, epsilon }, generator(5, row))
	})
	let engine: ModelEngine
	const programs = new Map<string, Program>()
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		const pixels = ops.input('pixels', 'float64', ['B', size])
		const side = ops.input('labels', 'int64', ['B'])
		const hidden = ops.quickGelu(ops.matmul(ops.sub(pixels, 0.5), ops.literal(normals(size, 16, 'first'))))
		const logits = ops.matmul(hidden, ops.literal(normals(16, classes, 'second')))
		for (const name of ['ce', 'margin']) {
			const loss = name === 'ce' ? ops.crossEntropy(logits, side) : marginObjective.build({ logits }, { labels: side })
			programs.set(name, await engine.compile({ loss, logits, gradient: grad(loss, [pixels])[0]! }))
		}
	})
	afterAll(() => engine.close())

	type Look = (pixels: Float64Array) => ReturnType<ApgdProblem<Float64Array>['evaluate']>
	const lookWith =
		(name: string, rows: readonly number[]): Look =>
		async (pixels) => {
			const outputs = await programs.get(name)!.run({
				pixels: tensor('float64', [rows.length, size], pixels.slice()),
				labels: int64(
					[rows.length],
					rows.map((row) => labels[row]!),
				),
			})
			const logits = outputs.logits!.data as Float64Array
			const right = rows.map((label, row) => {
				const own = [...logits.subarray(row * classes, (row + 1) * classes)]
				return own.indexOf(Math.max(...own)) === labels[label]
			})
			return { loss: outputs.loss!.data as Float64Array, gradient: outputs.gradient!.data as Float64Array, right }
		}

	/** The same attack on one image, written down from the rules alone: whole histories, nothing updated in place. */
	async function fromTheRules(look: Look, center: number[], first: number[], steps: number) {
		const length = (vector: number[]) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
		const box = (point: number[]) => point.map((value) => Math.min(1, Math.max(0, value)))
		const ball = (point: number[]) => {
			const change = point.map((value, at) => value - center[at]!)
			if (norm === 'linf') return center.map((value, at) => value + Math.min(epsilon, Math.max(-epsilon, change[at]!)))
			const long = length(change)
			return center.map((value, at) => value + (change[at]! / (long + 1e-12)) * Math.min(epsilon, long))
		}
		const see = async (point: number[]) => {
			const { loss, gradient, right } = await look(Float64Array.from(point))
			return { point, loss: loss[0]!, gradient: [...gradient], right: right[0]! }
		}
		type Seen = Awaited<ReturnType<typeof see>>
		const best = (seen: Seen[]) => seen.reduce((a, b) => (b.loss > a.loss ? b : a))
		const history = [await see(first)]
		let [from, before, step] = [history[0]!, first, 2 * epsilon]
		let [next, checked, interval] = [Math.max(1, Math.floor(0.22 * steps)), 0, Math.max(1, Math.floor(0.22 * steps))]
		let checks: { halved: boolean; best: number }[] = [{ halved: true, best: history[0]!.loss }]
		for (let done = 1; done <= steps; done++) {
			const direction =
				norm === 'linf' ? from.gradient.map(Math.sign) : from.gradient.map((v) => v / (length(from.gradient) + 1e-12))
			const z = box(ball(from.point.map((value, at) => value + step * direction[at]!)))
			const share = done === 1 ? 1 : 0.75
			const mixed = from.point.map(
				(value, at) => value + share * (z[at]! - value) + (1 - share) * (value - before[at]!),
			)
			before = from.point
			from = await see(box(ball(mixed)))
			history.push(from)
			if (done !== next) continue
			const losses = history.slice(1).map(({ loss }) => loss)
			const rises = range(checked, done).filter((at) => losses[at]! > (at === 0 ? 0 : losses[at - 1]!)).length
			const top = best(history)
			const last = checks.at(-1)!
			const halved = rises <= 0.75 * interval || (!last.halved && last.best >= top.loss)
			checks = [...checks, { halved, best: top.loss }]
			if (halved) [step, from] = [step / 2, top]
			checked = done
			interval = Math.max(interval - Math.max(1, Math.floor(0.03 * steps)), Math.max(1, Math.floor(0.06 * steps)))
			next += interval
		}
		return { history, wrong: history.filter(({ right }) => !right).at(-1), halvings: checks.filter((c) => c.halved) }
	}

	it.each(['ce', 'margin'])('takes the iterates that the rules say, on %s', async (name) => {
		const steps = 40
		const iterates: Float64Array[] = []
		const rows = range(0, count)
		const problem = { norm, epsilon, steps, clean, start, count, evaluate: lookWith(name, rows) }
		const outcome = await apgdRun<Float64Array>({
			...problem,
			onIterate: ({ images }) => iterates.push(images.slice()),
		})
		const halvings: number[] = []
		for (const row of rows) {
			const own = (values: Float64Array) => [...values.subarray(row * size, (row + 1) * size)]
			const rules = await fromTheRules(lookWith(name, [row]), own(clean), own(start), steps)
			expect(iterates).toHaveLength(steps + 1)
			iterates.forEach((iterate, at) => {
				const off = own(iterate).map((value, index) => Math.abs(value - rules.history[at]!.point[index]!))
				expect(Math.max(...off)).toBeLessThan(1e-10)
			})
			expect(outcome.fooled[row]).toBe(rules.wrong !== undefined)
			const kept = rules.wrong?.point ?? own(clean)
			expect(Math.max(...own(outcome.adversarial).map((v, at) => Math.abs(v - kept[at]!)))).toBeLessThan(1e-10)
			expect(outcome.bestLoss[row]).toBeCloseTo(Math.max(...rules.history.map(({ loss }) => loss)), 9)
			halvings.push(rules.halvings.length - 1)
		}
		// The comparison says something only where steps were halved, and not always.
		expect(Math.min(...halvings)).toBeGreaterThan(0)
		expect(Math.max(...halvings)).toBeLessThan(10)
		expect(start).not.toEqual(clean)
	})
})

import { describe, expect, it } from 'vitest'
import { at } from '../core/at.js'
import { generator } from '../random/counter-based.js'
import { paperExperiments } from './definition.js'
import { type RecordedPart, recordedParts } from './recorded-times.test.support.js'
import { type CellsProgress, type WorkPart, workMeter } from './work-meter.js'

const tuning: WorkPart = { kind: 'tuning', method: 'nap', family: 'tuning', work: 1000, share: 1, leavesEarly: false }
const attack: WorkPart = {
	kind: 'autoattack',
	method: 'nap',
	family: 'attack',
	work: 1000,
	share: 0.2,
	leavesEarly: true,
}

/** A meter on a clock of its own. */
function followed(parts: readonly WorkPart[]) {
	const told: CellsProgress[] = []
	let time = 0
	const meter = workMeter(
		parts,
		(progress) => told.push(progress),
		() => time,
	)
	return {
		meter,
		wait: (seconds: number) => {
			time += seconds
		},
		last: () => at(told.slice(-1), 0),
	}
}

describe('the time of all parts', () => {
	it('is unknown before anything ran, then that of the part under way, by its family too', () => {
		const { meter, wait, last } = followed([tuning, tuning])
		meter.begin('tuning')
		expect(last()).toEqual({ done: 0, part: 1, parts: 2, what: 'tuning' })
		wait(5)
		meter.share(0.1)
		wait(10)
		meter.share(0.2)
		// 10 seconds for 100 passes, after 5 to start up: 80 for the rest. The next part is of 1,000 passes.
		expect(last()).toMatchObject({ done: 15, total: 15 + 80 + 100 })
	})

	it('takes the start of a part, its speed and what it needed of the most from those before it', () => {
		const { meter, wait, last } = followed([attack, attack])
		meter.begin('first')
		wait(2)
		meter.exact(100, 900, '')
		wait(10)
		meter.exact(300, 100, 'at most 5 % robust')
		expect(last().what).toBe('first, at most 5 % robust')
		wait(5)
		meter.exact(400, 0, '')
		meter.end()
		// 15 seconds for 300 passes, and 400 of 1,000 were needed.
		expect(last().total).toBeCloseTo(17 + 2 + 400 * (15 / 300), 9)
	})

	it('is longer where more images stay than was expected', () => {
		const { meter, wait, last } = followed([attack])
		meter.begin('first')
		meter.exact(1, 999, '')
		const totals = [100, 200, 300, 400].map((done) => {
			wait(10)
			meter.exact(done, 1000 - done, '')
			return last().total ?? 0
		})
		// As was expected at first, then all that is left at most, the more of it was needed.
		expect(totals.map(Math.round)).toEqual([20, 20, 38, 55])
	})

	it('learns nothing of parts that were read or skipped, nor a share of one that went on', () => {
		const { meter, wait, last } = followed([attack, attack, attack, attack])
		meter.begin('read')
		meter.end()
		meter.skip(1)
		expect(last()).toEqual({ done: 0, part: 2, parts: 4, what: 'read' })
		meter.begin('goes on')
		meter.exact(10, 50, '')
		wait(6)
		meter.exact(60, 0, '')
		meter.end()
		expect(last().total).toBeCloseTo(6 + 200 * (6 / 50), 9)
	})

	it('has what is done for all parts at once', () => {
		const { meter, wait, last } = followed([attack])
		meter.begin('first')
		meter.exact(1, 999, '')
		wait(10)
		meter.beside('making images', 0.5, 60)
		expect(last()).toMatchObject({ what: 'first, making images', part: 1 })
		meter.exact(101, 0, '')
		expect(last().total).toBeCloseTo(10 + 30 * 0.1, 9)
	})
})

/** Seconds until the first pass. */
const startUp = { tuning: 3, attack: 0.2 }

/** The parts one after the other, with the passes of the records and so many seconds each. */
function replay(parts: readonly RecordedPart[], secondsOf: (part: RecordedPart) => number): { worst: number } {
	const told: { readonly time: number; readonly total: number }[] = []
	let time = 0
	const meter = workMeter(
		parts.map(({ part }) => part),
		({ total }) => total !== undefined && told.push({ time, total }),
		() => time,
	)
	for (const recorded of parts) {
		const { part, steps, seconds } = recorded
		meter.begin(part.kind)
		if (seconds > 0) time += startUp[part.family]
		const shares = steps.length > 0 ? steps : Array.from({ length: 40 }, (_, index) => (index + 1) / 40)
		for (const step of seconds > 0 ? shares : []) {
			time += secondsOf(recorded) / shares.length
			if (typeof step === 'number') meter.share(step)
			else meter.exact(step.done, step.left, '')
		}
		meter.end()
	}
	const late = told.filter((one) => one.time >= 0.1 * time)
	return { worst: Math.max(...late.map(({ total }) => Math.abs(total / time - 1))) }
}

const passesOf = ({ part, steps }: RecordedPart) => steps.at(-1)?.done ?? part.work

describe('the committed small experiments, run again in a simulation', async () => {
	const all = await recordedParts(paperExperiments)
	/** Median seconds per pass: the records were made while other work ran. A kind with few of them has its family's. */
	const rateOf = ({ part }: RecordedPart): number => {
		const rates = (which: (other: WorkPart) => boolean) =>
			all
				.filter((one) => which(one.part) && one.seconds > 0)
				.map((one) => one.seconds / passesOf(one))
				.sort((a, b) => a - b)
		const [own, family] = [
			rates(({ kind, method }) => kind === part.kind && method === part.method),
			rates((other) => other.family === part.family),
		]
		const known = own.length >= 3 ? own : family
		return at(known, Math.floor(known.length / 2))
	}
	it.each([...paperExperiments.map((name) => ({ names: [name] })), { names: [...paperExperiments] }])(
		'have an estimate within 30 % from the first tenth on: $names',
		async ({ names }) => {
			const parts = await recordedParts(names)
			for (let run = 1; run <= 5; run++) {
				// Each part is up to a fifth slower or faster than usual.
				const speeds = generator(run, 'speed of parts', ...names)
				const factors = new Map(parts.map((part) => [part, 0.8 + 0.4 * speeds.uniform()]))
				const { worst } = replay(parts, (one) => passesOf(one) * rateOf(one) * (factors.get(one) ?? 1))
				expect(worst).toBeLessThan(0.3)
			}
		},
	)
})

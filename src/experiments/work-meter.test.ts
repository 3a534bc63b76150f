import { expect, test } from 'vitest'
import { type CellsProgress, type WorkPart, workMeter } from './work-meter.js'

const tuning: WorkPart = { work: 100, known: true }
const attack: WorkPart = { work: 1000, known: false }

function followed(parts: readonly WorkPart[]) {
	const told: CellsProgress[] = []
	return { meter: workMeter(parts, (progress) => told.push(progress)), last: () => told.at(-1)! }
}

test('adds up what is expected of all parts, a share of the most where images leave early', () => {
	const { meter, last } = followed([tuning, attack])
	meter.begin('tuning')
	expect(last()).toEqual({ done: 0, total: 350, part: 1, parts: 2, what: 'tuning' })
	meter.share(0.5)
	expect([last().done, last().total]).toEqual([50, 350])
	meter.share(1)
	meter.end()
	expect([last().done, last().total]).toEqual([100, 350])
})

test('learns from finished attacks what those to come take', () => {
	const { meter, last } = followed([attack, attack, attack])
	meter.begin('first')
	meter.exact(40, 960, '')
	expect([last().done, last().total]).toEqual([40, 750])
	meter.exact(100, 0, 'at most 5 % robust')
	expect([last().total, last().what]).toEqual([600, 'first, at most 5 % robust'])
	meter.end()
	expect([last().done, last().total]).toEqual([100, 300])
	// Beyond what was expected, what is left at most is all that is known.
	meter.begin('second')
	meter.exact(150, 300, '')
	expect([last().done, last().total]).toEqual([250, 650])
})

test('counts parts that were read, skipped or done besides', () => {
	const { meter, last } = followed([tuning, tuning, tuning, tuning])
	meter.begin('read')
	meter.end()
	expect([last().done, last().total]).toEqual([0, 300])
	meter.begin('second')
	meter.beside('making images', 0.5, 60)
	expect([last().done, last().total, last().what]).toEqual([30, 360, 'second, making images'])
	meter.beside('making images', 1, 60)
	meter.share(1)
	meter.end()
	meter.skip(2)
	expect(last()).toEqual({ done: 160, total: 160, part: 4, parts: 4, what: 'second' })
})

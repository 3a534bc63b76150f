import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { type ChanceHistory, checkCollapse, type EpochEvidence, isAtChance, noEpochs } from './collapse.js'

const atChance: EpochEvidence = { cleanLoss: Math.log(10), cleanAccuracy: 0.1, images: 160, classes: 10 }
const better: EpochEvidence = { ...atChance, cleanLoss: 1.5, cleanAccuracy: 0.5 }

/** The history after these epochs. */
function historyOf(epochs: readonly EpochEvidence[], total: number, stop = true, start = noEpochs): ChanceHistory {
	return epochs.reduce((history, evidence) => checkCollapse(history, evidence, total, stop), start)
}

describe('isAtChance', () => {
	it.each<[string, Partial<EpochEvidence>, boolean]>([
		['a constant answer', {}, true],
		['a wild constant answer', { cleanLoss: 40 }, true],
		['the case of FAP on EuroSAT: 2.28 where ln 10 is 2.303', { cleanLoss: 2.28 }, true],
		['a loss below that of a constant answer', { cleanLoss: 2.2 }, false],
		['an accuracy that chance does not explain', { cleanAccuracy: 0.2 }, false],
		['the same accuracy on few images', { cleanAccuracy: 0.2, images: 20 }, true],
		[
			'1,000 classes and twice chance on 16,000 images',
			{ classes: 1000, cleanLoss: 6.9, cleanAccuracy: 0.002, images: 16000 },
			false,
		],
		['the largest class of uneven ones', { cleanAccuracy: 0.4, chance: 0.4 }, true],
	])('%s', (_, evidence, expected) => {
		expect(isAtChance({ ...atChance, ...evidence })).toBe(expected)
	})
})

describe('checkCollapse', () => {
	const times = (count: number) => new Array<EpochEvidence>(count).fill(atChance)

	it('stops a run that had learned after five epochs at chance, and says what to do', () => {
		expect(historyOf([better, ...times(4)], 90)).toEqual({ epochsAtChance: 4, learned: true })
		const stopped = () => historyOf([better, ...times(5)], 90)
		expect(stopped).toThrow(NaptuneError)
		expect(stopped).toThrow(/collapsed: in its last 5 epochs, .*\(10\.0 %\).* 2\.303.*Lower optimizer\.learningRate/)
	})

	it('gives a run that never learned half of its epochs', () => {
		expect(historyOf(times(44), 90)).toEqual({ epochsAtChance: 44, learned: false })
		expect(() => historyOf(times(45), 90)).toThrow(/does not learn: in its last 45 epochs/)
		expect(historyOf(times(4), 6).epochsAtChance).toBe(4)
		expect(() => historyOf(times(5), 6)).toThrow(/last 5 epochs/)
	})

	it('begins anew with every better epoch', () => {
		expect(historyOf([...times(4), better, ...times(4), better], 10)).toEqual({ epochsAtChance: 0, learned: true })
	})

	it('only counts where it must not stop', () => {
		expect(historyOf([better, ...times(7)], 8, false)).toEqual({ epochsAtChance: 7, learned: true })
	})
})

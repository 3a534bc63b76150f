import { describe, expect, it } from 'vitest'
import { accuracyOf } from '../evaluation/robustness/evaluate.js'
import { requireSound } from './export-run.js'

const measured = {
	parity: { images: 200, largestLogitDifference: 1e-6, relativeL2: 1e-7, labelAgreement: 1 },
	clean: accuracyOf(140, 200),
	robust: accuracyOf(60, 200),
	how: '',
}
const reference = { clean: accuracyOf(141, 200), robust: accuracyOf(61, 200), maxDrop: 0.01 }

describe('what makes an export sound', () => {
	it('is a file with the logits of the run, or one of another precision that is hardly worse', () => {
		expect(() => requireSound(measured, 10, 0.01)).not.toThrow()
		expect(() => requireSound({ ...measured, reference }, 10, 0.01)).not.toThrow()
		// Rounding moves logits; only accuracies count.
		const parity = { ...measured.parity, relativeL2: 1e-3 }
		expect(() => requireSound({ ...measured, parity, reference }, 10, 0.01)).not.toThrow()
	})

	it.each([
		[
			'logits of another model',
			{ parity: { ...measured.parity, relativeL2: 2e-4 } },
			/differ from the run's by 2\.0e-4/,
		],
		['other labels', { parity: { ...measured.parity, labelAgreement: 0.98 } }, /98\.0 % of the labels agree/],
		['a drop when clean', { reference, clean: accuracyOf(138, 200) }, /clean accuracy is 1\.5 points below the run's/],
		['a drop under attack', { reference, robust: accuracyOf(50, 200) }, /robust accuracy is 5\.5 points below/],
		['guessing', { clean: accuracyOf(25, 200), robust: accuracyOf(0, 200) }, /no better than chance for 10 classes/],
	])('is not one with %s', (_, found, reason) => {
		expect(() => requireSound({ ...measured, ...found }, 10, 0.01)).toThrow(reason)
	})

	it('allows the drop that was asked for', () => {
		expect(() => requireSound({ ...measured, reference, robust: accuracyOf(50, 200) }, 10, 0.06)).not.toThrow()
	})
})

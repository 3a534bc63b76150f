/** Chooses the test-time defense that a job puts around models. */

import { NaptuneError } from '../../core/errors.js'
import {
	type ChosenTestTimeDefense,
	chooseTestTimeDefense,
	testTimeDefenses,
} from '../../defenses/test-time/registry.js'

/**
 * The test-time defense, or undefined if none is named.
 * @param options Override its defaults; by default, statistics of attacked training images use the run's epsilon.
 * @param trainedEpsilon Epsilon of the run's inner attack.
 * @throws NaptuneError for an unknown name, wrong options, or options without a name.
 */
export function chosenTestTime(
	name: string | undefined,
	options: Readonly<Record<string, unknown>>,
	trainedEpsilon: number,
): ChosenTestTimeDefense | undefined {
	if (name === undefined) {
		if (Object.keys(options).length === 0) return undefined
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`Options of a test-time defense were given (${Object.keys(options).join(', ')}), but none was chosen; add --test-time with one of ${[...testTimeDefenses.keys()].join(', ')}.`,
		)
	}
	const statistics = testTimeDefenses.get(name)?.needsTrainingImages ? { statisticsEpsilon: trainedEpsilon } : {}
	return chooseTestTimeDefense(name, { ...statistics, ...options })
}

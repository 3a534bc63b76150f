/** All test-time defenses. Adding one takes a file and a line here. */

import { NaptuneError } from '../../core/errors.js'
import { didYouMean } from '../../core/nearest.js'
import type { ChosenTestTimeDefense, TestTimeDefinition } from './define-test-time.js'
import { rTpt } from './r-tpt.js'
import { tapt } from './tapt.js'
import { ttc } from './ttc.js'

export type { ChosenTestTimeDefense } from './define-test-time.js'

/** Test-time defenses by name. */
export const testTimeDefenses: ReadonlyMap<string, TestTimeDefinition> = new Map(
	[ttc, rTpt, tapt].map((definition) => [definition.name, definition]),
)

/**
 * A test-time defense by name.
 * @param options Missing ones take their defaults.
 * @throws NaptuneError for an unknown name or wrong options (all listed).
 */
export function chooseTestTimeDefense(
	name: string,
	options: Readonly<Record<string, unknown>> = {},
): ChosenTestTimeDefense {
	const definition = testTimeDefenses.get(name)
	if (definition) return definition.choose(options)
	throw new NaptuneError(
		'NAP_NAME_UNKNOWN',
		`Unknown test-time defense ${name}; choose one of ${[...testTimeDefenses.keys()].join(', ')}.${didYouMean(name, testTimeDefenses.keys())}`,
	)
}

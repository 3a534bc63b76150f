/** All test-time defenses: adding one is a file and a line here. */

import { NaptuneError } from '../../core/errors.js'
import { explainIssues } from '../../files/explain-issues.js'
import { rTpt } from './r-tpt.js'
import { tapt } from './tapt.js'
import type { DefendedModel, TestTimeDefense, TestTimeDefinition } from './test-time-defense.js'
import { ttc } from './ttc.js'

/** Test-time defenses by name. */
export const testTimeDefenses: ReadonlyMap<string, TestTimeDefinition> = new Map(
	[ttc, rTpt, tapt].map((definition) => [definition.name, definition as unknown as TestTimeDefinition]),
)

/** A test-time defense with all its options chosen, to be put around any model it suits. */
export interface ChosenTestTimeDefense extends Omit<TestTimeDefinition, 'schema' | 'prepare'> {
	/** The whole configuration with defaults filled in, for records. */
	readonly options: Readonly<Record<string, unknown>>
	/** @throws NaptuneError when the model's defense does not suit it. */
	prepare(model: DefendedModel): Promise<TestTimeDefense>
}

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
	if (!definition) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`Unknown test-time defense ${name}; choose one of ${[...testTimeDefenses.keys()].join(', ')}.`,
		)
	}
	const parsed = definition.schema.safeParse(options)
	if (!parsed.success) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The options of test-time defense ${name} are not usable:\n${explainIssues(parsed.error, definition.schema)}`,
		)
	}
	const { schema: _, ...known } = definition
	return {
		...known,
		options: parsed.data as Readonly<Record<string, unknown>>,
		prepare: (model) => definition.prepare(model, parsed.data),
	}
}

/** Registered test-time defenses. */

import type { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { explainIssues } from '../../files/explain-issues.js'
import type { Defense } from '../defense.js'
import type { AttackedThrough, DefendedModel, TestTimeDefense } from './test-time-defense.js'

/** Facts about a method that do not depend on its options. */
interface TestTimeFacts {
	readonly name: string
	/** What it does for each image, in one line. */
	readonly doc: string
	/** Paper and reference code it follows. */
	readonly source: string
	/** What it changes for each image. */
	readonly adapts: 'image' | 'text prompts' | 'prompts'
	readonly attackedThrough: AttackedThrough
	/** Whether it needs training images; if so, the option `statisticsEpsilon` gives the size of the attack on them. */
	readonly needsTrainingImages: boolean
	/** Why it cannot wrap a defense; undefined if it can. */
	unsuited(defense: Defense): string | undefined
}

/** A method as its file writes it. */
interface TestTimeParts<Config extends Readonly<Record<string, unknown>>> extends TestTimeFacts {
	/** Options with their defaults. */
	readonly schema: z.ZodType<Config>
	/** @throws NaptuneError if {@link TestTimeFacts.unsuited} gives a reason. */
	prepare(model: DefendedModel, config: Config): Promise<TestTimeDefense>
}

/** A test-time defense with all its options chosen, ready to wrap any suitable model. */
export interface ChosenTestTimeDefense extends TestTimeFacts {
	/** The whole configuration with defaults filled in, for records. */
	readonly options: Readonly<Record<string, unknown>>
	/** @throws NaptuneError if the model's defense is unsuitable. */
	prepare(model: DefendedModel): Promise<TestTimeDefense>
}

/** A registered method. */
export interface TestTimeDefinition extends TestTimeFacts {
	readonly schema: z.ZodType
	/**
	 * Chooses options.
	 * @param options Missing ones take their defaults.
	 * @throws NaptuneError that lists every unusable option.
	 */
	choose(options?: Readonly<Record<string, unknown>>): ChosenTestTimeDefense
}

/** Defines a method that validates its own options. */
export function defineTestTime<Config extends Readonly<Record<string, unknown>>>({
	schema,
	prepare,
	...facts
}: TestTimeParts<Config>): TestTimeDefinition {
	return {
		...facts,
		schema,
		choose(options = {}) {
			const parsed = schema.safeParse(options)
			if (!parsed.success) {
				throw new NaptuneError(
					'NAP_OPTION_INVALID',
					`The options of test-time defense ${facts.name} are invalid:\n${explainIssues(parsed.error, schema, options)}`,
				)
			}
			return { ...facts, options: parsed.data, prepare: (model) => prepare(model, parsed.data) }
		},
	}
}

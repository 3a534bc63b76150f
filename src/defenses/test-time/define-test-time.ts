/** Registered test-time defenses. */

import type { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { explainIssues } from '../../files/explain-issues.js'
import type { Defense } from '../defense.js'
import type { AttackedThrough, DefendedModel, TestTimeDefense } from './test-time-defense.js'

/** What is true of a method whatever its options. */
interface TestTimeFacts {
	readonly name: string
	/** One line: what it does for each image. */
	readonly doc: string
	/** Paper and reference code it follows. */
	readonly source: string
	/** What is changed for each image. */
	readonly adapts: 'image' | 'text prompts' | 'prompts'
	readonly attackedThrough: AttackedThrough
	/** Whether training images are needed; then the option `statisticsEpsilon` says how they are attacked. */
	readonly needsTrainingImages: boolean
	/** Why it cannot be put around a defense; undefined where it can. */
	unsuited(defense: Defense): string | undefined
}

/** A method as its file writes it. */
interface TestTimeParts<Config extends Readonly<Record<string, unknown>>> extends TestTimeFacts {
	/** Options with their defaults. */
	readonly schema: z.ZodType<Config>
	/** @throws NaptuneError when {@link TestTimeFacts.unsuited} gives a reason. */
	prepare(model: DefendedModel, config: Config): Promise<TestTimeDefense>
}

/** A test-time defense with all its options chosen, to be put around any model it suits. */
export interface ChosenTestTimeDefense extends TestTimeFacts {
	/** The whole configuration with defaults filled in, for records. */
	readonly options: Readonly<Record<string, unknown>>
	/** @throws NaptuneError when the model's defense does not suit it. */
	prepare(model: DefendedModel): Promise<TestTimeDefense>
}

/** A registered method. */
export interface TestTimeDefinition extends TestTimeFacts {
	readonly schema: z.ZodType
	/**
	 * Chooses options.
	 * @param options Missing ones take their defaults.
	 * @throws NaptuneError listing every option that is not usable.
	 */
	choose(options?: Readonly<Record<string, unknown>>): ChosenTestTimeDefense
}

/** A method that takes options as they come and checks them. */
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
					`The options of test-time defense ${facts.name} are not usable:\n${explainIssues(parsed.error, schema, options)}`,
				)
			}
			return { ...facts, options: parsed.data, prepare: (model) => prepare(model, parsed.data) }
		},
	}
}

/** Registered methods. */

import type { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { explainIssues } from '../files/explain-issues.js'
import type { ClipModel } from '../vlm/model.js'
import type { Defense } from './defense.js'
import type { MethodTuning } from './method-tuning.js'

/** Facts about a method. */
interface MethodFacts<Schema extends z.ZodType> {
	/** Stable, in kebab-case; records contain it. */
	readonly name: string
	/** What it learns, in one line. */
	readonly doc: string
	/** Paper, section and equations it follows. */
	readonly source: string
	/** Options with their defaults. */
	readonly schema: Schema
	/** Loss and inner attack of the method; missing if it learns nothing. */
	readonly tuning?: MethodTuning
}

/** A method as its file writes it. */
interface MethodParts<Schema extends z.ZodType> extends MethodFacts<Schema> {
	/** Binds the method to a model and classes. @throws NaptuneError if options, model and classes do not fit together. */
	build(
		clip: ClipModel,
		classNames: readonly string[],
		config: z.output<Schema>,
	): Omit<Defense, 'name' | 'views'> & Partial<Pick<Defense, 'views'>>
}

/** A registered method. */
export interface DefenseDefinition extends MethodFacts<z.ZodType> {
	/**
	 * Binds the method to a model and classes.
	 * @param options Options of the method; missing ones take their defaults.
	 * @throws NaptuneError for wrong options (all listed), fewer than two classes, or options, model and classes that do not
	 * fit together.
	 */
	prepare(clip: ClipModel, classNames: readonly string[], options?: Readonly<Record<string, unknown>>): Defense
}

/** Defines a method that validates its own options. */
export function defineDefense<Schema extends z.ZodType>({ build, ...facts }: MethodParts<Schema>): DefenseDefinition {
	const { name, schema } = facts
	return {
		...facts,
		prepare(clip, classNames, options = {}) {
			if (classNames.length < 2) {
				throw new NaptuneError(
					'NAP_INPUT_UNSUITABLE',
					`Classification needs at least 2 classes; got ${classNames.length}.`,
				)
			}
			const parsed = schema.safeParse(options)
			if (!parsed.success) {
				throw new NaptuneError(
					'NAP_OPTION_INVALID',
					`The options of defense ${name} are invalid:\n${explainIssues(parsed.error, schema, options)}`,
				)
			}
			return { name, views: [], ...build(clip, classNames, parsed.data) }
		},
	}
}

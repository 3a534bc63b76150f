/** The shallow text context of CoOp: all that `coop`, `advpt` and `advpt-e2e` learn. They differ in how they tune it. */

import { z } from 'zod'
import type { ClipModel } from '../vlm/model.js'
import { contextPrompts, textContext } from './context-prompts.js'
import { ownContext } from './context-sources.js'
import type { Defense } from './defense.js'
import { promptedTowers } from './prompted-towers.js'

/** Options of methods with a shallow text context. @param count Context vectors in the reference. */
export function textContextSchema(count: number) {
	return z.strictObject({
		/** Context vectors, one set for all classes, before the class name. */
		textPrompts: z.int().positive().default(count),
		/** Initial values of the context: normal, or the embeddings of "a photo of a" (at most 4 vectors). */
		contextInit: z.enum(['normal', 'words']).default('normal'),
		/** Standard deviation of normal initial values. */
		contextDeviation: z.number().nonnegative().default(0.02),
	})
}

/** Options with defaults filled in. */
export type TextContextConfig = z.output<ReturnType<typeof textContextSchema>>

/** Binds such a method to a model and classes. @throws NaptuneError if a prompt does not fit the model. */
export function textContextDefense(
	clip: ClipModel,
	classNames: readonly string[],
	config: TextContextConfig,
): Omit<Defense, 'name' | 'views'> {
	const { textPrompts, contextInit, contextDeviation } = config
	return {
		config,
		classNames,
		parameters: new Map([['text.context.0', textContext(clip, textPrompts, contextInit, contextDeviation)]]),
		...promptedTowers(
			clip,
			contextPrompts(clip, classNames, textPrompts, contextInit),
			{ context: ownContext('text', textPrompts, 1) },
			{},
		),
	}
}

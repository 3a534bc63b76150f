/** All defenses: adding one is a file and a line here. */

import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { explainIssues } from '../files/explain-issues.js'
import type { ClipModel } from '../vlm/model.js'
import { advpt } from './advpt.js'
import { advptE2e } from './advpt-e2e.js'
import { advptV } from './advpt-v.js'
import { advptVli } from './advpt-vli.js'
import { advptVlj } from './advpt-vlj.js'
import { coop } from './coop.js'
import type { Defense, DefenseDefinition } from './defense.js'
import { fap } from './fap.js'
import { nap } from './nap.js'
import { vanilla } from './vanilla.js'

/** Defenses by name. */
export const defenses: ReadonlyMap<string, DefenseDefinition> = new Map(
	[vanilla, coop, advpt, advptE2e, advptV, advptVli, advptVlj, fap, nap].map((definition) => [
		definition.name,
		definition as unknown as DefenseDefinition,
	]),
)

/**
 * Binds a defense to a model and classes.
 * @param config Options of the method; missing ones take their defaults.
 * @throws NaptuneError for an unknown name, wrong options (all listed), or fewer than two classes.
 */
export function prepareDefense(
	name: string,
	clip: ClipModel,
	classNames: readonly string[],
	config: Readonly<Record<string, unknown>> = {},
): Defense {
	const definition = defenses.get(name)
	if (!definition) {
		throw new NaptuneError(
			`Unknown defense ${name}; choose one of ${[...defenses.keys()].join(', ')}.${didYouMean(name, defenses.keys())}`,
		)
	}
	if (classNames.length < 2) {
		throw new NaptuneError(`Classification needs at least 2 classes, got ${classNames.length}.`)
	}
	const parsed = definition.schema.safeParse(config)
	if (!parsed.success) {
		throw new NaptuneError(
			`The options of defense ${name} are not usable:\n${explainIssues(parsed.error, definition.schema, config)}`,
		)
	}
	return definition.prepare(clip, classNames, parsed.data)
}

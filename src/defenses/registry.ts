/** All defenses. Adding one takes a file and a line here. */

import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import type { ClipModel } from '../vlm/model.js'
import { adversarialTraining } from './adversarial-training.js'
import { advpt } from './advpt.js'
import { advptE2e } from './advpt-e2e.js'
import { advptV } from './advpt-v.js'
import { advptVli } from './advpt-vli.js'
import { advptVlj } from './advpt-vlj.js'
import { apd } from './apd.js'
import { cocoop } from './cocoop.js'
import { coop } from './coop.js'
import type { Defense } from './defense.js'
import type { DefenseDefinition } from './define-defense.js'
import { fap } from './fap.js'
import { fare } from './fare.js'
import { imageTowerSchema } from './image-tower-weights.js'
import { maple } from './maple.js'
import { mart } from './mart.js'
import { nap } from './nap.js'
import { tecoa } from './tecoa.js'
import { trades } from './trades.js'
import { vanilla } from './vanilla.js'

/** Defenses by name. */
export const defenses: ReadonlyMap<string, DefenseDefinition> = new Map(
	[
		vanilla,
		coop,
		advpt,
		advptE2e,
		advptV,
		advptVli,
		advptVlj,
		fap,
		nap,
		maple,
		tecoa,
		fare,
		adversarialTraining,
		trades,
		mart,
		cocoop,
		apd,
	].map((definition) => [definition.name, definition]),
)

/** Names of the methods that learn something. */
export const tunableDefenses: readonly string[] = [...defenses.values()].flatMap(({ name, tuning }) =>
	tuning ? [name] : [],
)

/** Names of those that tune the image tower itself, and end in a checkpoint of their own. */
export const fineTuningDefenses: readonly string[] = [...defenses.values()].flatMap(({ name, schema }) =>
	schema === imageTowerSchema ? [name] : [],
)

/**
 * Binds a defense to a model and classes.
 * @param options Options of the method; missing ones take their defaults.
 * @throws NaptuneError for an unknown name, and as {@link DefenseDefinition.prepare}.
 */
export function prepareDefense(
	name: string,
	clip: ClipModel,
	classNames: readonly string[],
	options: Readonly<Record<string, unknown>> = {},
): Defense {
	const definition = defenses.get(name)
	if (!definition) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`Unknown defense ${name}; choose one of ${[...defenses.keys()].join(', ')}.${didYouMean(name, defenses.keys())}`,
		)
	}
	return definition.prepare(clip, classNames, options)
}

/** The target and the threat model of an evaluation's attack. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import { type Norm, type ThreatModel, threatModel } from '../../attacks/sets/threat-model.js'
import { NaptuneError } from '../../core/errors.js'
import { didYouMean } from '../../core/nearest.js'
import type { Dataset } from '../../data/dataset.js'
import type { TunedRun } from '../../evaluation/deployed/tuned-run.js'

/** Position of the target class. @throws NaptuneError when attack and target do not fit, or the target is not a class. */
export function chosenTarget(
	{ target }: { readonly target?: string | undefined },
	attack: PreparedAttack,
	{ classNames }: Dataset,
): number | undefined {
	if (target === undefined) {
		if (!attack.targeted) return undefined
		throw new NaptuneError(
			'NAP_OPTION_MISSING',
			`Attack ${attack.name} is targeted; name the target class with --target, such as ${classNames[0]}.`,
		)
	}
	if (!attack.targeted) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`Attack ${attack.name} is not targeted, so --target ${target} would have no effect; choose pgd-100-targeted, or omit --target.`,
		)
	}
	const position = classNames.indexOf(target)
	if (position >= 0) return position
	throw new NaptuneError(
		'NAP_NAME_UNKNOWN',
		`The data have no class ${target} to target; their classes are ${classNames.join(', ')}.${didYouMean(target, classNames)}`,
	)
}

/** The threat model; by default, in L-infinity, the run's. @throws NaptuneError in L2 without a size. */
export function chosenThreat(
	{ norm, epsilon }: { readonly norm: Norm; readonly epsilon?: number | undefined },
	{ protocol }: Pick<TunedRun, 'protocol'>,
): ThreatModel {
	if (norm === 'l2' && epsilon === undefined) {
		throw new NaptuneError(
			'NAP_OPTION_MISSING',
			'Give --epsilon with L2, such as 0.5; the run has a default only for L-infinity, the norm it was tuned in.',
		)
	}
	return threatModel(norm, epsilon ?? protocol.epsilon)
}

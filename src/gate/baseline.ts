/** Baselines: which images a released model got right. */

import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { PreparedAttack } from '../attacks/attack-definition.js'
import type { ThreatModel } from '../attacks/sets/threat-model.js'
import { at, entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { type GateBaseline, gateBaselineForm } from '../records/gate.js'
import { readRecord } from '../records/record-kind.js'
import { attackOf } from './measure.js'

/** Reads a baseline. @throws NaptuneError when it is missing, none, or contradicts itself. */
export async function readBaseline(path: string): Promise<GateBaseline> {
	if (!existsSync(path)) {
		throw new NaptuneError(
			'NAP_FILE_MISSING',
			`The baseline ${path} is missing. Write one of a model that you would release: naptune gate MODEL --update-baseline.`,
		)
	}
	const baseline: GateBaseline = await readRecord(gateBaselineForm, path)
	const images = baseline.images.length
	const whole =
		new Set(baseline.images).size === images &&
		[baseline.clean, ...baseline.attacks.map(({ right }) => right)].every(({ length }) => length === images)
	if (whole) return baseline
	throw new NaptuneError(
		'NAP_RECORD_CHANGED',
		`${path} was changed: it does not hold one outcome for each of its images. ${gateBaselineForm.advice}`,
	)
}

/** An attack as a baseline tells it from others. */
interface BaselineAttack {
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly seed: number
}

/**
 * Whether the baseline is right, for each image of a sample.
 * @param which The attack; clean images where undefined.
 * @throws NaptuneError when the baseline is of other images or lacks the attack.
 */
export function baselineOutcomes(
	baseline: GateBaseline,
	path: string,
	ids: readonly string[],
	which?: BaselineAttack,
): readonly boolean[] {
	const positions = new Map(baseline.images.map((id, position) => [id, position]))
	const missing = ids.filter((id) => !positions.has(id))
	if (missing.length > 0 || ids.length !== baseline.images.length) {
		throw new NaptuneError(
			'NAP_RUN_DIFFERS',
			`${path} is the baseline of ${baseline.images.length} other images than the ${ids.length} of this gate. Restore data, seed and number of images, or write it again with --update-baseline.`,
		)
	}
	const digits = which === undefined ? baseline.clean : attackedDigits(baseline, path, which)
	return ids.map((id) => at(digits, entry(positions, id)) === '1')
}

function attackedDigits(
	{ attacks }: GateBaseline,
	path: string,
	{ attack, threatModel, seed }: BaselineAttack,
): string {
	const { name: _, ...how } = attackOf(attack)
	const wanted = JSON.parse(JSON.stringify({ ...how, threatModel, seed }))
	const found = attacks.find((other) => {
		const { name: __, ...otherHow } = other.attack
		return isDeepStrictEqual({ ...otherHow, threatModel: other.threatModel, seed: other.seed }, wanted)
	})
	if (found) return found.right
	throw new NaptuneError(
		'NAP_RUN_DIFFERS',
		`${path} has no outcomes under ${attack.name} with these options, norm, epsilon and seed. Restore the settings, or write it again with --update-baseline.`,
	)
}

/** Outcomes as a baseline holds them. */
export function outcomeDigits(right: readonly boolean[]): string {
	return right.map((isRight) => (isRight ? '1' : '0')).join('')
}

/** Narrows an experiment to the methods, conditions and images that a user wants. */

import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import type { ExperimentDefinition } from './definition.js'

/** The name under which users select the points of robust accuracy over epsilon. */
const curveCondition = 'epsilon-curve'

/** The selection; default: everything. */
export interface Wanted {
	readonly methods?: readonly string[]
	/** Names of conditions, or of their attacks; `epsilon-curve` for all its points. */
	readonly conditions?: readonly string[]
	/** Most test images per cell. */
	readonly limit?: number
}

/**
 * The definition reduced to the selection.
 * @throws NaptuneError for unknown names, or a selection that leaves nothing.
 */
export function narrowed(
	definition: ExperimentDefinition,
	{ methods, conditions, limit }: Wanted,
): ExperimentDefinition {
	const wantedMethods = withBases(definition, rowsOf(definition, methods))
	const keptMethods = chosen('method', wantedMethods, Object.keys(definition.methods), definition.name)
	const keptConditions = chosenConditions(definition, conditions)
	const kept = (name: string) => keptMethods.includes(name)
	const { axis: wholeAxis, epsilonCurve: wholeCurve, reference: wholeReference, images, protocol, ...rest } = definition
	const axisMethods = wholeAxis?.methods.filter(kept) ?? []
	const curveMethods = keptConditions.includes(curveCondition) ? (wholeCurve?.methods.filter(kept) ?? []) : []
	const conditionsLeft = definition.conditions.filter(({ name }) => keptConditions.includes(name))
	if (conditionsLeft.length + curveMethods.length === 0) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`Robust accuracy over epsilon is measured for ${wholeCurve?.methods.join(', ')} in ${definition.name}; choose one of them, or other conditions.`,
		)
	}
	const most = limit ?? Number.POSITIVE_INFINITY
	const limited = Object.fromEntries(Object.entries(images).map(([name, count]) => [name, Math.min(count, most)]))
	// Without the reference method, vanilla CLIP is the control.
	const reference = [wholeReference, 'vanilla'].find((name) => name !== undefined && kept(name))
	return {
		...rest,
		methods: Object.fromEntries(Object.entries(definition.methods).filter(([name]) => kept(name))),
		conditions: conditionsLeft,
		shown: definition.shown.filter(kept),
		images: limit === undefined ? images : { default: limit, ...limited },
		...defined({
			axis: wholeAxis && axisMethods.length > 0 ? { ...wholeAxis, methods: axisMethods } : undefined,
			epsilonCurve: wholeCurve && curveMethods.length > 0 ? { ...wholeCurve, methods: curveMethods } : undefined,
			reference: wholeReference && reference,
			protocol: protocol && Object.fromEntries(Object.entries(protocol).filter(([name]) => kept(name))),
		}),
	}
}

/** A method that is tuned over another needs that, too. */
function withBases(
	{ methods }: Pick<ExperimentDefinition, 'methods'>,
	wanted: readonly string[] | undefined,
): readonly string[] | undefined {
	const bases = wanted?.flatMap((name) => methods[name]?.over ?? [])
	if (!wanted || !bases || bases.every((name) => wanted.includes(name))) return wanted
	return withBases({ methods }, [...new Set([...wanted, ...bases])])
}

/** A method stands for its rows under every protocol. */
function rowsOf(
	{ methods }: ExperimentDefinition,
	wanted: readonly string[] | undefined,
): readonly string[] | undefined {
	return wanted?.flatMap((name) => {
		if (Object.hasOwn(methods, name)) return [name]
		const rows = Object.entries(methods).filter(
			([, method]) => method.protocol !== undefined && method.defense === name,
		)
		return rows.length > 0 ? rows.map(([row]) => row) : [name]
	})
}

/** Names of the selected conditions, in the definition's order. */
function chosenConditions(
	{ name: experiment, conditions, epsilonCurve }: ExperimentDefinition,
	wanted: readonly string[] | undefined,
): readonly string[] {
	const names = [...conditions.map(({ name }) => name), ...(epsilonCurve ? [curveCondition] : [])]
	const meant = wanted?.flatMap((name) => {
		if (names.includes(name)) return [name]
		const attacked = conditions.filter(({ attack }) => attack === name).map((condition) => condition.name)
		return attacked.length > 0 ? attacked : [name]
	})
	const attacks = conditions.flatMap(({ attack }) => attack ?? [])
	const kept = chosen('condition', meant, names, experiment, attacks)
	// Clean accuracy is read from an attack's records, so that attack must run.
	const orphan = conditions.find(
		({ name, cleanOf }) => cleanOf !== undefined && kept.includes(name) && !kept.includes(cleanOf),
	)
	if (orphan) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`Condition ${orphan.name} of ${experiment} is read from the records of ${orphan.cleanOf}; select both.`,
		)
	}
	return kept
}

/** The selected ones, in the definition's order. @param also Names that are accepted, too. */
function chosen(
	what: string,
	wanted: readonly string[] | undefined,
	known: readonly string[],
	experiment: string,
	also: readonly string[] = [],
): readonly string[] {
	const unknown = wanted?.find((name) => !known.includes(name))
	if (unknown !== undefined) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`${experiment} has no ${what} ${unknown}; it has ${known.join(', ')}.${didYouMean(unknown, [...known, ...also])}`,
		)
	}
	return wanted ? known.filter((name) => wanted.includes(name)) : known
}

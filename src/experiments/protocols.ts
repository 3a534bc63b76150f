/**
 * Protocols: named settings for tuning a method in an experiment, such as its published ones. A method tuned under several
 * has a row for each.
 */

import { at, entry } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { mergeSettings } from '../methods/tuning/configuration.js'
import type { ExperimentDefinition } from './definition-schema.js'

/** Every protocol of a method. */
export const bothProtocols = 'both'

/** The preset and settings of the experiment itself. */
export const noProtocol = 'none'

type Method = ExperimentDefinition['methods'][string]
type Protocol = NonNullable<ExperimentDefinition['protocols']>[number]

/**
 * The definition with every method under its protocol, and no protocols left to choose.
 * @param wanted Names of protocols for all methods that have them, or `METHOD=NAME` for one; `both` for every protocol of a
 * method, each as a row called `METHOD-NAME`, and `none` for the experiment's preset. By default the definition decides.
 * Later entries win.
 * @throws NaptuneError for unknown protocols, or ones that no method, or the named method, has.
 */
export function withProtocols(definition: ExperimentDefinition, wanted: readonly string[] = []): ExperimentDefinition {
	const { protocols = [], protocol: usual = {}, ...rest } = definition
	const wishes = wanted.map((text) => wishOf(text, definition, protocols))
	const variants = Object.entries(rest.methods).map(([name, method]) => {
		const own = protocols.filter(({ methods }) => Object.hasOwn(methods, name))
		const chosen = wishes.findLast(
			(wish) =>
				(wish.method ?? name) === name &&
				(wish.protocol === noProtocol ||
					wish.protocol === bothProtocols ||
					own.some((one) => one.name === wish.protocol)),
		)
		const choice = own.length === 0 ? noProtocol : (chosen?.protocol ?? usual[name] ?? noProtocol)
		return { name, made: variantsOf(name, method, own, choice, usual[name]) }
	})
	const first = (name: string) => at(entry(Object.fromEntries(variants.map((one) => [one.name, one.made])), name), 0)[0]
	const all = (name: string) => variants.flatMap((one) => (one.name === name ? one.made.map(([own]) => own) : []))
	const { axis, epsilonCurve, reference } = rest
	return {
		...rest,
		methods: Object.fromEntries(variants.flatMap(({ made }) => made)),
		shown: rest.shown.map(first),
		...defined({
			reference: reference === undefined ? undefined : first(reference),
			axis: axis && { ...axis, methods: axis.methods.flatMap(all) },
			epsilonCurve: epsilonCurve && { ...epsilonCurve, methods: epsilonCurve.methods.map(first) },
		}),
	}
}

/** The name of a row under a protocol, if a method has one row per protocol. */
export function variantName(method: string, protocol: string): string {
	return `${method}-${protocol}`
}

/** The paper's name for the method of a row, under any protocol. */
export function paperMethod({ methods }: Pick<ExperimentDefinition, 'methods'>, row: string): string {
	const { protocol, defense = row } = entry(methods, row)
	return protocol === undefined ? row : defense
}

/** Rows of a method for a choice; the usual protocol comes first. */
function variantsOf(
	name: string,
	method: Method,
	protocols: readonly Protocol[],
	choice: string,
	usual: string | undefined,
): readonly (readonly [string, Method])[] {
	const { defense = name } = method
	const under = ({ name: protocol, preset, tuning, methods }: Protocol): Method => ({
		...method,
		defense,
		tuning: mergeSettings([tuning, entry(methods, name), method.tuning]),
		protocol,
		preset,
	})
	if (choice === noProtocol) return [[name, method]]
	if (choice !== bothProtocols)
		return protocols.flatMap((one) => (one.name === choice ? [[name, under(one)] as const] : []))
	const usualFirst = [...protocols].sort((a, b) => Number(b.name === usual) - Number(a.name === usual))
	return usualFirst.map((one) => [
		variantName(name, one.name),
		{ ...under(one), title: `${method.title} (${one.name})` },
	])
}

/** A requested protocol, for all methods or for one. */
interface Wish {
	readonly method?: string
	readonly protocol: string
}

function wishOf(
	text: string,
	{ name: experiment, methods }: ExperimentDefinition,
	protocols: readonly Protocol[],
): Wish {
	const [first = '', second] = text.split('=').map((part) => part.trim())
	const [method, protocol] = second === undefined ? [undefined, first] : [first, second]
	if (method !== undefined && !Object.hasOwn(methods, method)) {
		const known = Object.keys(methods)
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`${experiment} has no method ${method} to give a protocol; it has ${known.join(', ')}.${didYouMean(method, known)}`,
		)
	}
	const concerned = method === undefined ? Object.keys(methods) : [method]
	const having = (own: readonly string[]) =>
		protocols.filter((one) => own.some((name) => Object.hasOwn(one.methods, name))).map((one) => one.name)
	const known = having(concerned)
	if (known.includes(protocol) || protocol === noProtocol) return { ...defined({ method }), protocol }
	const who = method ?? (concerned.length === 1 ? at(concerned, 0) : undefined)
	if (known.length === 0) {
		const others = protocols.length === 0 ? 'none of its methods has any' : `${concerned.join(', ')} has none`
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`--protocol ${text} chooses nothing in ${experiment}: ${others}. Remove it${protocols.length === 0 ? '' : `, or choose methods that have protocols: ${[...new Set(protocols.flatMap((one) => Object.keys(one.methods)))].join(', ')}`}.`,
		)
	}
	if (protocol === bothProtocols) return { ...defined({ method }), protocol }
	throw new NaptuneError(
		'NAP_NAME_UNKNOWN',
		`${who === undefined ? `No method of ${experiment}` : who} has ${who === undefined ? 'a' : 'no'} protocol ${protocol}; ${who === undefined ? 'they have' : 'it has'} ${known.join(', ')}, ${bothProtocols} for all of them, or ${noProtocol} for the settings of the experiment.${didYouMean(protocol, [...known, bothProtocols, noProtocol])}`,
	)
}

/** Contradictions between entries of an experiment's definition. */

import { at } from '../core/at.js'
import { isRecord } from '../core/guards.js'
import { didYouMean } from '../core/nearest.js'
import { fineTuningDefenses } from '../defenses/registry.js'
import type { ExperimentDefinition } from './definition-schema.js'
import { bothProtocols, noProtocol, variantName } from './protocols.js'

/** An entry that contradicts others. */
export interface Contradiction {
	readonly path: readonly (string | number)[]
	readonly message: string
}

/** All contradictions in a definition; empty if there are none. */
export function contradictions(definition: ExperimentDefinition): Contradiction[] {
	return [
		...unknownNames(definition),
		...repetitions(definition),
		...hiddenSettings(definition),
		...crowdedFolders(definition),
		...wrongProtocols(definition),
		...wrongBases(definition),
	]
}

function unknownNames(definition: ExperimentDefinition): Contradiction[] {
	const { methods, conditions, axis, reference, epsilonCurve, shown, surrogates } = definition
	const named = {
		reference: reference === undefined ? [] : [reference],
		axis: axis?.methods ?? [],
		shown,
		epsilonCurve: epsilonCurve?.methods ?? [],
	}
	const unknown = Object.entries(named).flatMap(([path, names]) =>
		names
			.filter((method) => !Object.hasOwn(methods, method))
			.map((method) => ({
				path: [path],
				message: `there is no method ${method}.${didYouMean(method, Object.keys(methods))}`,
			})),
	)
	const attacked = conditions.filter(({ attack }) => attack !== undefined).map(({ name }) => name)
	const orphans = conditions.flatMap(({ cleanOf }, index) =>
		cleanOf === undefined || attacked.includes(cleanOf)
			? []
			: [{ path: ['conditions', index], message: `there is no attack ${cleanOf}.${didYouMean(cleanOf, attacked)}` }],
	)
	const lacks =
		!surrogates && conditions.some(({ madeOn }) => madeOn !== 'model')
			? [{ path: ['surrogates'], message: 'images are made on surrogates, but none are given' }]
			: []
	const empty =
		conditions.length === 0 && !epsilonCurve
			? [{ path: ['conditions'], message: 'give at least one condition, or an epsilonCurve' }]
			: []
	return [...unknown, ...orphans, ...lacks, ...empty]
}

/** A method over another needs one that ends in a checkpoint, and no circle. */
function wrongBases({ methods }: ExperimentDefinition): Contradiction[] {
	return Object.entries(methods).flatMap(([name, { over, defense = name }]) => {
		const path = ['methods', name, 'over']
		if (over === undefined) return []
		if (defense === 'vanilla') return [{ path, message: `vanilla over ${over} would be ${over} itself` }]
		const base = methods[over]
		if (!base) return [{ path, message: `there is no method ${over}.${didYouMean(over, Object.keys(methods))}` }]
		const seen = new Set([name])
		for (let at: string | undefined = over; at !== undefined; at = methods[at]?.over) {
			if (seen.has(at)) return [{ path, message: `${at} would be tuned over itself` }]
			seen.add(at)
		}
		const tuned = base.defense ?? over
		return fineTuningDefenses.includes(tuned)
			? []
			: [{ path, message: `${tuned} ends in no checkpoint; those that do are ${fineTuningDefenses.join(', ')}` }]
	})
}

/** Repeated entries would count twice: a seed as another seed, a data set as another one. */
function repetitions(definition: ExperimentDefinition): Contradiction[] {
	const { models, datasets, seeds, conditions, axis, epsilonCurve } = definition
	const lists = {
		models,
		datasets,
		seeds,
		conditions: conditions.map(({ name }) => name),
		epsilonCurve: epsilonCurve?.epsilons ?? [],
	}
	const twice = Object.entries(lists).flatMap(([path, list]) => {
		const repeated = (list as readonly unknown[]).find((item, index) => list.indexOf(item as never) !== index)
		return repeated === undefined ? [] : [{ path: [path], message: `${repeated} appears twice` }]
	})
	const values = axis?.points.map(({ value }) => value) ?? []
	const falls = values.some((value, index) => index > 0 && value <= at(values, index - 1))
	const negative = axis?.scale === 'log' && values.some((value) => value <= 0)
	return [
		...twice,
		...(falls ? [{ path: ['axis', 'points'], message: 'values must increase from point to point' }] : []),
		...(negative ? [{ path: ['axis', 'points'], message: 'values on a logarithmic axis must be above 0' }] : []),
	]
}

/** Settings that would make a row differ from its name, or that something else decides. */
function hiddenSettings({ methods, tuning, overrides, axis }: ExperimentDefinition): Contradiction[] {
	const layers: readonly (readonly [Contradiction['path'], Readonly<Record<string, unknown>>])[] = [
		[['tuning'], tuning],
		[['overrides'], overrides ?? {}],
		...Object.entries(methods).map(([name, method]) => [['methods', name, 'tuning'], method.tuning] as const),
		...(axis?.points ?? []).map((point, index) => [['axis', 'points', index, 'tuning'], point.tuning] as const),
	]
	return layers.flatMap(([path, layer]) => [
		...('seed' in layer ? [{ path, message: 'the seed is not a setting; use seeds' }] : []),
		...(isRecord(layer.defense) && 'name' in layer.defense
			? [{ path, message: 'defense.name would change the method under its name; use another method' }]
			: []),
	])
}

/** Definitions that would put two runs into one folder. */
function crowdedFolders(definition: ExperimentDefinition): Contradiction[] {
	if (definition.folders !== 'by-method') return []
	const { models, datasets, seeds, axis, conditions } = definition
	const several = Object.entries({ models, datasets, seeds }).flatMap(([path, { length }]) =>
		length > 1 ? [{ path: [path], message: 'a folder by method has room for one; remove folders' }] : [],
	)
	return [
		...several,
		...(axis ? [{ path: ['axis'], message: 'a folder by method has room for one point; remove folders' }] : []),
		...(conditions.some(({ madeOn }) => madeOn !== 'model')
			? [{ path: ['folders'], message: 'methods share images made on surrogates; remove folders' }]
			: []),
	]
}

/** Protocols for methods that do not exist, repeated ones, or ones chosen for a method that lacks them. */
function wrongProtocols({ methods, protocols = [], protocol = {} }: ExperimentDefinition): Contradiction[] {
	const names = protocols.map((one) => one.name)
	const reserved = [bothProtocols, noProtocol]
	const wrong = protocols.flatMap((one, index): Contradiction[] => {
		const path = ['protocols', index]
		const twice = names.indexOf(one.name) !== index ? [{ path, message: `${one.name} appears twice` }] : []
		const taken = reserved.includes(one.name) ? [{ path, message: `${one.name} has another meaning` }] : []
		const variants = Object.keys(one.methods).flatMap((method) =>
			Object.hasOwn(methods, variantName(method, one.name))
				? [{ path, message: `${variantName(method, one.name)} is the name of a method` }]
				: [],
		)
		return [...twice, ...taken, ...variants]
	})
	const chosen = Object.entries(protocol).flatMap(([method, own]) => {
		const has = protocols.some((one) => one.name === own && Object.hasOwn(one.methods, method))
		return has
			? []
			: [{ path: ['protocol', method], message: `${method} has no protocol ${own}.${didYouMean(own, names)}` }]
	})
	return [...wrong, ...chosen]
}

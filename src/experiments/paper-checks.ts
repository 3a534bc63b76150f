/** Checks the paper's numbers against one another: averages against their cells, its text against its tables. */

import { at } from '../core/at.js'
import type { PaperClaim, PaperTargets } from './targets.js'

/** A number that the paper states, beside the value that its other numbers give. */
export interface PaperCheck {
	/** Its place in the paper. */
	readonly place: string
	readonly what: string
	readonly stated: number
	/** Recomputed from the numbers that it depends on. */
	readonly recomputed: number
	/** Whether both agree to the printed digits. */
	readonly agrees: boolean
}

/** Numbers are printed to a tenth, both the results and the numbers behind them. */
const tenth = 0.05

/** Tolerance for binary fractions in sums of tenths. */
const slack = 1e-6

/** All checks, in the paper's order. */
export interface PaperChecks {
	/** Every average of Tables I and II beside the mean of its eleven cells. */
	readonly averages: readonly PaperCheck[]
	/** Statements in the text about numbers elsewhere. */
	readonly claims: readonly PaperCheck[]
	/** Cells with more accuracy under AutoAttack than under PGD-100, although AutoAttack contains a stronger form of it. */
	readonly inversions: readonly PaperCheck[]
}

/** Checks the paper's numbers against one another. */
export function paperChecks(targets: PaperTargets): PaperChecks {
	return {
		averages: targets.averages.flatMap(({ place, method, condition, stated, recomputed }) =>
			recomputed === undefined ? [] : [check(place, `average of ${method}, ${condition}`, stated, recomputed)],
		),
		claims: targets.claims.map((claim) => check(claim.place, claim.what, claim.value, claimValue(targets, claim))),
		inversions: targets.cells.flatMap((cell) => {
			if (cell.condition !== 'autoattack') return []
			const pgd = targets.cells.find(
				(other) =>
					other.condition === 'pgd' &&
					other.experiment === cell.experiment &&
					other.method === cell.method &&
					other.dataset === cell.dataset,
			)
			if (!pgd || cell.percent <= pgd.percent) return []
			const what = `${cell.method} on ${cell.dataset} under AutoAttack, beside PGD-100`
			return [check(cell.place, what, cell.percent, pgd.percent)]
		}),
	}
}

function check(place: string, what: string, stated: number, recomputed: number): PaperCheck {
	return { place, what, stated, recomputed, agrees: Math.abs(stated - recomputed) <= tenth + slack }
}

/** The value of a claim from the numbers that it depends on. @throws RangeError if it names no number of the data. */
function claimValue(targets: PaperTargets, { what, of }: PaperClaim): number {
	const { kind, experiment, method, condition, dataset, point, over } = of
	const own = (name: string, at?: number | string) =>
		targets.averages.filter(
			(average) =>
				average.experiment === experiment &&
				average.method === name &&
				average.condition === condition &&
				average.point === at,
		)
	const mean = (name: string) => number(own(name)[0]?.recomputed, what)
	switch (kind) {
		case 'cell':
			return number(
				targets.cells.find(
					(cell) =>
						cell.experiment === experiment &&
						cell.method === method &&
						cell.condition === condition &&
						cell.dataset === dataset &&
						cell.point === point,
				)?.percent,
				what,
			)
		case 'mean':
			return mean(method)
		case 'gain': {
			const others = targets.averages.flatMap((average) =>
				average.experiment === experiment && average.condition === condition && average.method !== method
					? [average.method]
					: [],
			)
			return mean(method) - Math.max(...(typeof over === 'string' ? [over] : others).map(mean))
		}
		case 'ratio':
			return tenths(number(own(method, point)[0]?.stated, what) / number(own(method, over)[0]?.stated, what))
	}
}

/** Ratios are printed to a tenth. */
function tenths(value: number): number {
	return Math.round(10 * value) / 10
}

function number(value: number | undefined, what: string): number {
	if (value === undefined) throw new RangeError(`The paper's data have no number for: ${what}.`)
	return value
}

/** How many checks fail, and how many there are. */
export function failing(checks: readonly PaperCheck[]): { readonly count: number; readonly of: number } {
	return { count: checks.filter(({ agrees }) => !agrees).length, of: checks.length }
}

/** The checks of one place, such as `Table I`. */
export function checksAt(checks: readonly PaperCheck[], place: string): readonly PaperCheck[] {
	return checks.filter((one) => one.place === place)
}

/** The check with the largest deviation. @throws RangeError for an empty list. */
export function furthest(checks: readonly PaperCheck[]): PaperCheck {
	return at(
		checks.toSorted((a, b) => Math.abs(b.stated - b.recomputed) - Math.abs(a.stated - a.recomputed)),
		0,
	)
}

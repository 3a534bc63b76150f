/** Finds the known name that someone most likely meant. */

/**
 * Returns the known name nearest to an unknown one, by the number of letters missing, added, wrong or swapped with a
 * neighbour, ignoring case. The last part of a dotted name counts too, so `learningRate` finds `optimizer.learningRate`.
 * @returns The first of equally near names; undefined if none is near enough.
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
	const wanted = name.toLowerCase()
	let best: { readonly name: string; readonly distance: number } | undefined
	for (const candidate of known) {
		const lower = candidate.toLowerCase()
		const last = lower.slice(lower.lastIndexOf('.') + 1)
		// A match of the full name is nearer than a match of its last part.
		const distance = Math.min(distanceOf(wanted, lower), distanceOf(wanted, last) + (last === lower ? 0 : 0.5))
		if (best === undefined || distance < best.distance) best = { name: candidate, distance }
	}
	return best && best.distance <= mostWrong(wanted) ? best.name : undefined
}

/** A sentence to end an error with, such as ` Did you mean pgd-100?`; empty if no name is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
	const match = nearest(name, known)
	return match === undefined ? '' : ` Did you mean ${match}?`
}

/** How many letters may be wrong: a third of the name, since all short names are near one another. */
function mostWrong({ length }: string): number {
	return Math.max(1, Math.floor(length / 3))
}

/** Number of edits between two texts, where swapping two neighbours counts as one (optimal string alignment). */
function distanceOf(a: string, b: string): number {
	let before: readonly number[] = []
	let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column)
	for (let row = 1; row <= a.length; row++) {
		const current = [row]
		for (let column = 1; column <= b.length; column++) {
			const same = a[row - 1] === b[column - 1]
			const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
			const cost = Math.min(
				(previous[column] ?? 0) + 1,
				(current[column - 1] ?? 0) + 1,
				(previous[column - 1] ?? 0) + (same ? 0 : 1),
				swapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
			)
			current.push(cost)
		}
		before = previous
		previous = current
	}
	return previous[b.length] ?? 0
}

/** The known name that someone most likely meant. */

/**
 * The known name nearest to one that does not exist: by the fewest letters that are missing, too many, wrong or swapped with
 * their neighbour, whatever their case. Of a dotted name its last part counts as well, so that `learningRate` finds
 * `optimizer.learningRate`.
 * @returns The first of equally near ones; undefined where none is near enough to be meant.
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
	const wanted = name.toLowerCase()
	let best: { readonly name: string; readonly distance: number } | undefined
	for (const candidate of known) {
		const own = candidate.toLowerCase()
		const last = own.slice(own.lastIndexOf('.') + 1)
		// A whole name that fits is nearer than a part that does.
		const distance = Math.min(distanceOf(wanted, own), distanceOf(wanted, last) + (last === own ? 0 : 0.5))
		if (best === undefined || distance < best.distance) best = { name: candidate, distance }
	}
	return best && best.distance <= mostWrong(wanted) ? best.name : undefined
}

/** A sentence to end an error with, such as ` Did you mean pgd-100?`; empty where nothing is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
	const found = nearest(name, known)
	return found === undefined ? '' : ` Did you mean ${found}?`
}

/** Letters that may be wrong: a third of a name, since short names are all near to one another. */
function mostWrong({ length }: string): number {
	return Math.max(1, Math.floor(length / 3))
}

/** Edits from one text to the other, where swapping two neighbours is one (optimal string alignment). */
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

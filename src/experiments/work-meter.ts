/** One view of the work of many parts, of which some take less than was expected. */

/** Where all cells stand. */
export interface CellsProgress {
	/** In forward passes of one image, about: done, and expected in all. */
	readonly done: number
	readonly total: number
	/** The part under way, counted from 1, of all tuning runs and attacks. */
	readonly part: number
	readonly parts: number
	/** What it is, such as `nap, autoattack`. */
	readonly what: string
}

/** A tuning run or an attack, before it is run. */
export interface WorkPart {
	/** Passes that it is expected to take. */
	readonly work: number
	/** False where images may leave early, so that only the most is known. */
	readonly known: boolean
}

/** Follows parts in their order. */
export interface WorkMeter {
	/** The next part begins. */
	begin(what: string): void
	/** What is done of the part, in [0, 1]. */
	share(share: number): void
	/** What is done of the part and left at most, in passes. */
	exact(done: number, left: number, detail: string): void
	/** What is done, in [0, 1], of work of so many passes that no part has, such as making images for all models. */
	beside(what: string, share: number, work: number): void
	end(): void
	/** So many parts will not be run. */
	skip(count: number): void
}

/** Share of the most that a part takes of which nothing better is known yet. */
const shareAtFirst = 0.25

/**
 * Adds up the work of all parts. What a part really takes replaces what was expected of it, and what parts of which only the
 * most was known took so far, as a share of that, is expected of those to come. Parts that were read from their records
 * took nothing and teach nothing.
 */
export function workMeter(
	parts: readonly WorkPart[],
	onProgress: ((progress: CellsProgress) => void) | undefined,
): WorkMeter {
	let finished = 0
	let part = 0
	let current = { what: '', expected: 0, work: 0, done: 0 }
	let seen = { most: 0, taken: 0 }
	const besides = new Map<string, { readonly share: number; readonly work: number }>()
	const expected = ({ work, known }: WorkPart) =>
		known ? work : work * (seen.most > 0 ? seen.taken / seen.most : shareAtFirst)
	const tell = (detail = '') => {
		const others = [...besides.values()]
		const done = finished + current.done + others.reduce((sum, { share, work }) => sum + share * work, 0)
		const left =
			current.work -
			current.done +
			others.reduce((sum, { share, work }) => sum + (1 - share) * work, 0) +
			parts.slice(part).reduce((sum, next) => sum + expected(next), 0)
		const what = detail === '' ? current.what : `${current.what}, ${detail}`
		onProgress?.({ done, total: done + left, part, parts: parts.length, what })
	}
	return {
		begin(what) {
			const work = expected(parts[part]!)
			current = { what, expected: work, work, done: 0 }
			part++
			tell()
		},
		share(share) {
			current.done = share * current.work
			tell()
		},
		exact(done, left, detail) {
			const most = done + left
			const early = !parts[part - 1]!.known && done < current.expected
			current = { ...current, done, work: early ? Math.min(most, current.expected) : most }
			tell(detail)
		},
		beside(what, share, work) {
			besides.set(what, { share, work })
			tell(what)
		},
		end() {
			const { known, work } = parts[part - 1]!
			if (!known && current.done > 0) seen = { most: seen.most + work, taken: seen.taken + current.done }
			finished += current.done
			current = { ...current, work: 0, done: 0 }
			tell()
		},
		skip(count) {
			part += count
			tell()
		},
	}
}

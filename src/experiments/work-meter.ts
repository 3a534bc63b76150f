/** Estimates the time of many parts of work, some of which take less than expected, from the time spent so far. */

import { at } from '../core/at.js'
import { defined } from '../core/defined.js'

/** The progress of all cells. */
export interface CellsProgress {
	/** Seconds that this call took so far. */
	readonly done: number
	/** Expected seconds in total; missing until something has run. */
	readonly total?: number
	/** Number of the current part, counted from 1, among all tuning runs and attacks. */
	readonly part: number
	readonly parts: number
	/** Its description, such as `nap, autoattack`. */
	readonly what: string
}

/** A tuning run or an attack, before it runs. */
export interface WorkPart {
	/** Parts of one kind have similar times per pass and use a similar share of their passes: `pgd-100`. */
	readonly kind: string
	/** The method: parts of one kind on one method are more similar than others. */
	readonly method: string
	/** The source of its time per pass before any of its kind has run. */
	readonly family: 'tuning' | 'attack'
	/** Approximate upper bound of its forward passes of one image. */
	readonly work: number
	/** Prior share of them that it uses: images may be wrong already, or leave early. */
	readonly share: number
	/** Whether images leave it early, so that the remaining work is known only as a bound. */
	readonly leavesEarly: boolean
}

/** Follows parts in their order. */
export interface WorkMeter {
	/** Starts the next part. */
	begin(what: string): void
	/** The share of the part that is done, in [0, 1]. */
	share(share: number): void
	/** Passes done, and at most left, in the part. */
	exact(done: number, left: number, detail: string): void
	/** The share done, in [0, 1], of extra work with this many passes, such as making images for all models. */
	beside(what: string, share: number, work: number): void
	end(): void
	/** Skips this many parts. */
	skip(count: number): void
}

/** A tuning pass takes about this much longer than an attack pass: parameter gradients, augmentation, optimizer. */
const tuningPerAttackPass = 1.4

/** The prior for a kind counts as much as this many methods measured. */
const trustInExpectation = 2

/** From this share of a part on, its own speed predicts the rest of it. */
const shareThatTells = 0.05

/** Passes after the first ones, and their seconds. */
interface Spent {
	readonly seconds: number
	readonly passes: number
}
const nothing: Spent = { seconds: 0, passes: 0 }
const plus = (a: Spent, b: Spent): Spent => ({ seconds: a.seconds + b.seconds, passes: a.passes + b.passes })

/** A sum and its count. */
interface Sum {
	readonly sum: number
	readonly count: number
}
const and = ({ sum, count }: Sum = { sum: 0, count: 0 }, more: number): Sum => ({ sum: sum + more, count: count + 1 })

/** What distinguishes parts. */
type Likeness = Pick<WorkPart, 'kind' | 'method' | 'family'>

/** The current part, in passes. */
interface Current {
	readonly part: WorkPart
	readonly began: number
	/** Time and count of the first report of passes, including those of an earlier call. */
	readonly first?: { readonly at: number; readonly done: number }
	readonly done: number
	/** Upper bound; undefined before the first report. */
	readonly left?: number
	/** Whether it started from the beginning. */
	readonly fresh: boolean
}

/**
 * Estimates the time of all parts. Finished parts predict later ones of their kind by their seconds until the first pass,
 * their seconds per pass, and the share of their bound of passes that they used; for a kind that has not run, the speed of
 * its family counts. Parts that were read from their records took no time and predict nothing.
 * @param now A monotonic clock, in seconds.
 */
export function workMeter(
	parts: readonly WorkPart[],
	onProgress: ((progress: CellsProgress) => void) | undefined,
	now: () => number = () => performance.now() / 1000,
): WorkMeter {
	const started = now()
	const known = experience()
	const besides = new Map<string, { readonly share: number; readonly work: number }>()
	let next = 0
	let current: Current | undefined
	let what = ''
	const tell = (detail = '') => {
		const time = known.with(current, now())
		const imagesLeft = [...besides.values()].reduce((sum, { share, work }) => sum + (1 - share) * work, 0)
		const left =
			time.underWay() +
			imagesLeft * time.perPass({ kind: '', method: '', family: 'attack' }) +
			parts.slice(next).reduce((sum, part) => sum + time.ofPart(part), 0)
		const done = now() - started
		onProgress?.({
			done,
			...defined({ total: time.known ? done + left : undefined }),
			part: next,
			parts: parts.length,
			what: detail === '' ? what : `${what}, ${detail}`,
		})
	}
	return {
		begin(label) {
			what = label
			current = { part: at(parts, next), began: now(), done: 0, fresh: true }
			next++
			tell()
		},
		share(share) {
			if (!current) return
			const { work } = current.part
			const done = share * work
			current = { ...current, first: current.first ?? { at: now(), done }, done, left: work - done }
			tell()
		},
		exact(done, left, detail) {
			if (!current) return
			const { first = { at: now(), done }, part } = current
			// A resumed part has less left from the beginning.
			const fresh = current.first ? current.fresh : done + left > 0.9 * part.work
			current = { ...current, first, done, left, fresh }
			tell(detail)
		},
		beside(label, share, work) {
			besides.set(label, { share, work })
			tell(label)
		},
		end() {
			if (current) known.learn(current, now())
			current = undefined
			tell()
		},
		skip(count) {
			next += count
			tell()
		},
	}
}

/** What finished parts predict for later ones. */
function experience() {
	/** By method and kind, by kind, and by family. */
	const speeds = new Map<string, Spent>()
	/** By kind and method. */
	const shares = new Map<string, Map<string, Sum>>()
	/** Seconds from the start of a part to its first passes: compiling graphs, reading weights. */
	const startUps = new Map<WorkPart['family'], Sum>()

	/** From the narrowest to the widest. */
	const keysOf = ({ kind, family, method }: Likeness) => [`${kind} of ${method}`, kind, family]
	const share = ({ kind, method, share: expected }: WorkPart): number => {
		const methods = shares.get(kind) ?? new Map<string, Sum>()
		const own = methods.get(method)
		if (own) return own.sum / own.count
		const means = [...methods.values()].map(({ sum, count }) => sum / count)
		return means.reduce((sum, mean) => sum + mean, expected * trustInExpectation) / (trustInExpectation + means.length)
	}
	const passesOf = (part: WorkPart) => part.work * share(part)
	const passesLeft = ({ part, done, left, fresh }: Current): number => {
		if (left === undefined) return passesOf(part)
		if (!part.leavesEarly || done === 0 || !fresh) return left
		const expected = passesOf(part)
		// Beyond the expected amount, the remaining images are increasingly those that stay to the end.
		const staying = Math.max(0, 1 - expected / done) ** 2
		return Math.min(left, Math.max(expected - done, left * staying))
	}
	/** Seconds per pass of finished parts, and their distance from the part: 0 is nearest; undefined if there are none. */
	const finishedRate = (part: Likeness): { readonly rate: number; readonly width: number } | undefined => {
		const found = keysOf(part).flatMap((key, width) => {
			const spent = speeds.get(key)
			return spent ? [{ rate: spent.seconds / spent.passes, width }] : []
		})
		const [nearest] = found
		if (nearest) return nearest
		const other = speeds.get(part.family === 'tuning' ? 'attack' : 'tuning')
		if (!other) return undefined
		const rate = other.seconds / other.passes
		return { rate: part.family === 'tuning' ? rate * tuningPerAttackPass : rate / tuningPerAttackPass, width: 3 }
	}
	/** The current part's own rate, weighted more the further it is. */
	const currentRate = (under: Current, now: number): number | undefined => {
		const { part, first, done } = under
		const own = first ? { seconds: now - first.at, passes: done - first.done } : nothing
		const usual = finishedRate(part)?.rate
		if (usual === undefined) return own.passes > 0 ? own.seconds / own.passes : undefined
		const trusted = shareThatTells * (own.passes + passesLeft(under))
		return trusted > 0 ? (own.seconds + usual * trusted) / (own.passes + trusted) : usual
	}
	return {
		/** Predicted seconds, including what the current part already shows. */
		with(under: Current | undefined, now: number) {
			const own = under && currentRate(under, now)
			const perPass = (part: Likeness): number => {
				const finished = finishedRate(part)
				if (own === undefined || !under) return finished?.rate ?? 0
				const alike = keysOf(under.part)
				const width = keysOf(part).findIndex((key) => alike.includes(key))
				return finished && (width < 0 || finished.width <= width) ? finished.rate : own
			}
			return {
				known: own !== undefined || speeds.size > 0,
				perPass,
				underWay: () => (under ? passesLeft(under) * (own ?? 0) : 0),
				ofPart(part: WorkPart): number {
					if (part.work === 0) return 0
					const { sum, count } = startUps.get(part.family) ?? { sum: 0, count: 1 }
					return sum / count + passesOf(part) * perPass(part)
				},
			}
		},
		learn({ part, began, first, done, fresh }: Current, now: number) {
			if (!first) return
			const { family, kind, method, work } = part
			startUps.set(family, and(startUps.get(family), first.at - began))
			const spent = { seconds: now - first.at, passes: done - first.done }
			for (const key of spent.passes > 0 ? keysOf(part) : []) speeds.set(key, plus(speeds.get(key) ?? nothing, spent))
			if (!fresh) return
			const methods = shares.get(kind) ?? new Map<string, Sum>()
			shares.set(kind, methods.set(method, and(methods.get(method), done / work)))
		},
	}
}

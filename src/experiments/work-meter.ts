/** One view of the work of many parts, of which some take less than was expected: how long it will take, by what it took. */

import { at } from '../core/at.js'
import { defined } from '../core/defined.js'

/** Where all cells stand. */
export interface CellsProgress {
	/** Seconds that this call took so far. */
	readonly done: number
	/** Seconds that it is expected to take in all; missing as long as nothing was run. */
	readonly total?: number
	/** The part under way, counted from 1, of all tuning runs and attacks. */
	readonly part: number
	readonly parts: number
	/** What it is, such as `nap, autoattack`. */
	readonly what: string
}

/** A tuning run or an attack, before it is run. */
export interface WorkPart {
	/** Parts of one kind are alike in their time per pass and in the share of their passes that they take: `pgd-100`. */
	readonly kind: string
	/** The method: parts of one kind on one method are more alike than others. */
	readonly method: string
	/** What its time per pass is taken from before one of its kind was run. */
	readonly family: 'tuning' | 'attack'
	/** Forward passes of one image that it takes at most, about. */
	readonly work: number
	/** Share of them that it takes, as long as nothing better is known: images may be wrong already, or leave early. */
	readonly share: number
	/** Whether images leave it early, so that what is left is known as a bound alone. */
	readonly leavesEarly: boolean
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

/** A pass of tuning takes about so much longer than one of an attack: gradients of parameters, augmentation, optimizer. */
const tuningPerAttackPass = 1.4

/** What was expected of a kind counts as much as so many methods that it was run on. */
const trustInExpectation = 2

/** Share of a part from which on its own speed says how long the rest of it takes. */
const shareThatTells = 0.05

/** Passes after the first ones, and the seconds that they took. */
interface Spent {
	readonly seconds: number
	readonly passes: number
}
const nothing: Spent = { seconds: 0, passes: 0 }
const plus = (a: Spent, b: Spent): Spent => ({ seconds: a.seconds + b.seconds, passes: a.passes + b.passes })

/** A sum of so many. */
interface Sum {
	readonly sum: number
	readonly count: number
}
const and = ({ sum, count }: Sum = { sum: 0, count: 0 }, more: number): Sum => ({ sum: sum + more, count: count + 1 })

/** What tells parts apart. */
type Likeness = Pick<WorkPart, 'kind' | 'method' | 'family'>

/** The part under way, in passes. */
interface Current {
	readonly part: WorkPart
	readonly began: number
	/** When passes were told first, and how many they were, with what an earlier call had done. */
	readonly first?: { readonly at: number; readonly done: number }
	readonly done: number
	/** At most; undefined before it told anything. */
	readonly left?: number
	/** Whether all of it was left when it began. */
	readonly fresh: boolean
}

/**
 * Estimates the time of all parts. What parts took so far, in seconds until their first pass, in seconds per pass, and as a
 * share of the passes that they were thought to take at most, is expected of those of their kind that are to come; where
 * none of a kind was run, the speed of its family counts. Parts that were read from their records took nothing and teach
 * nothing.
 * @param now Seconds on a clock that only moves forward.
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
			// One that goes on has less left from the beginning.
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

/** What the parts so far say of those to come. */
function experience() {
	/** By method and kind, by kind, and by family. */
	const speeds = new Map<string, Spent>()
	/** By kind and method. */
	const shares = new Map<string, Map<string, Sum>>()
	/** Seconds from a part's begin to its first passes: graphs are compiled, weights read. */
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
		// Past what was expected, the images that are left are more and more those that stay to the end.
		const staying = Math.max(0, 1 - expected / done) ** 2
		return Math.min(left, Math.max(expected - done, left * staying))
	}
	/** Seconds per pass of finished parts, and how near they are to the part: 0 is nearest; undefined where there are none. */
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
	/** Of the part under way its own, the more of it is done. */
	const currentRate = (under: Current, now: number): number | undefined => {
		const { part, first, done } = under
		const own = first ? { seconds: now - first.at, passes: done - first.done } : nothing
		const usual = finishedRate(part)?.rate
		if (usual === undefined) return own.passes > 0 ? own.seconds / own.passes : undefined
		const trusted = shareThatTells * (own.passes + passesLeft(under))
		return trusted > 0 ? (own.seconds + usual * trusted) / (own.passes + trusted) : usual
	}
	return {
		/** Seconds that things take, with what the part under way tells already. */
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

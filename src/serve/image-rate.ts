/** Measures how fast pictures are classified, to estimate when to retry. */

/** A count of pictures over the last seconds. */
export interface ImageRate {
	count(images: number): void
	/** Whole seconds, from 1 to 60, that this many pictures take. */
	secondsFor(images: number): number
}

/** Length of the window in seconds. */
const span = 10

/** @param now Seconds on a clock that only moves forward. */
export function imageRate(now: () => number = () => performance.now() / 1000): ImageRate {
	const batches: { readonly at: number; readonly images: number }[] = []
	const forget = () => {
		while (batches[0] && batches[0].at < now() - span) batches.shift()
	}
	return {
		count(images) {
			batches.push({ at: now(), images })
			forget()
		},
		secondsFor(images) {
			forget()
			const first = batches[0]
			if (!first) return 1
			const done = batches.reduce((sum, batch) => sum + batch.images, 0)
			const perSecond = done / Math.max(now() - first.at, 0.1)
			return Math.min(60, Math.max(1, Math.ceil(images / perSecond)))
		},
	}
}

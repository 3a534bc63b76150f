/** Bounds what a server accepts at once, in pictures and body bytes, so that overload costs answers and not memory. */

/** Bounds. */
export interface AdmissionLimits {
	/** Maximum number of accepted pictures without an answer, at least 1. */
	readonly images: number
	/** Maximum body bytes of accepted requests without an answer. */
	readonly bytes: number
}

/** The slot of one request. */
export interface Ticket {
	/** Claims a number of pictures instead of one. @returns Whether there is room; otherwise the slot stays unchanged. */
	take(images: number): boolean
	/** Releases the slot. May be called twice. */
	leave(): void
}

/** Counts the work in progress. */
export interface Admission {
	/** @param bytes Size of the body, or its maximum. @returns Undefined if there is no room. */
	enter(bytes: number): Ticket | undefined
	/** Pictures in progress. */
	readonly images: number
	/** Requests in progress. */
	readonly requests: number
}

/**
 * Counts requests; each occupies one picture from its first byte on. A body larger than the whole byte bound is accepted
 * only if nothing else is in progress.
 */
export function createAdmission(limits: AdmissionLimits): Admission {
	let images = 0
	let bytes = 0
	let requests = 0
	return {
		enter(own) {
			if (images + 1 > limits.images || (requests > 0 && bytes + own > limits.bytes)) return undefined
			let held = 1
			let left = false
			images += 1
			bytes += own
			requests += 1
			return {
				take(count) {
					if (left || images - held + count > limits.images) return false
					images += count - held
					held = count
					return true
				},
				leave() {
					if (left) return
					left = true
					images -= held
					bytes -= own
					requests -= 1
				},
			}
		},
		get images() {
			return images
		},
		get requests() {
			return requests
		},
	}
}

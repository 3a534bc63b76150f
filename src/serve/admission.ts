/** What a server takes on at once: a bound on pictures and on bytes of bodies, so that load costs answers and not memory. */

/** Bounds. */
export interface AdmissionLimits {
	/** Pictures that were taken in and are not answered, at least 1. */
	readonly images: number
	/** Bytes of bodies that were taken in and are not answered. */
	readonly bytes: number
}

/** The place of one request. */
export interface Ticket {
	/** Takes a number of pictures instead of one. @returns Whether there is room; the place stays as it was where there is none. */
	take(images: number): boolean
	/** Gives the place back. May be called twice. */
	leave(): void
}

/** Counts what is under way. */
export interface Admission {
	/** @param bytes Of the body, or what it may have at most. @returns Nothing where there is no room. */
	enter(bytes: number): Ticket | undefined
	/** Pictures under way. */
	readonly images: number
	/** Requests under way. */
	readonly requests: number
}

/**
 * Counts requests, each of which holds a picture from its first byte on. A body that alone is larger than the bound on bytes
 * gets in where nothing else is under way.
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

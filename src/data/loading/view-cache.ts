/** Views of images that are kept in memory, up to a number of bytes. */

import type { DecodedImage } from '../../images/decode.js'

/** A cache. What comes first stays: data sets are read in turns, where giving up the oldest would never find anything. */
export interface ViewCache {
	get(key: string): DecodedImage | undefined
	/** Keeps a view where there is room for it. */
	add(key: string, view: DecodedImage): void
	/** Bytes that are held, at most those that the cache was made with. */
	readonly bytes: number
	clear(): void
}

/** An empty cache. @param limit Bytes of pixels that it may hold; 0 for none. */
export function viewCache(limit: number): ViewCache {
	const views = new Map<string, DecodedImage>()
	let bytes = 0
	return {
		get: (key) => views.get(key),
		add(key, view) {
			if (views.has(key) || bytes + view.rgb.length > limit) return
			views.set(key, view)
			bytes += view.rgb.length
		},
		get bytes() {
			return bytes
		},
		clear() {
			views.clear()
			bytes = 0
		},
	}
}

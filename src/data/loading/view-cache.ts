/** Keeps views of images in memory, up to a number of bytes. */

import type { DecodedImage } from '../../images/decode.js'

/** A cache that keeps what comes first: data sets are read in cycles, where evicting the oldest would never produce a hit. */
export interface ViewCache {
	get(key: string): DecodedImage | undefined
	/** Keeps a view if there is room for it. */
	add(key: string, view: DecodedImage): void
	/** Bytes in use, at most the limit of the cache. */
	readonly bytes: number
	clear(): void
}

/** An empty cache. @param limit Most bytes of pixels; 0 to keep none. */
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

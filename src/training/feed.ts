/** Feeds steps with their inputs in order, and loads the next one while the engine works. */

import { setImmediate } from 'node:timers/promises'
import { NaptuneError } from '../core/errors.js'
import { loadAhead } from '../core/load-ahead.js'

/** A source of items in order. */
export interface Feed<Thing> {
	/** The next item. @throws NaptuneError after the last one, and whatever loading throws. */
	next(): Promise<Thing>
	/** Stops loading. */
	close(): Promise<void>
}

/** A feed of the items with these keys. Loading starts with the first call of `next`. */
export function feedOf<Key, Thing>(keys: Iterable<Key>, load: (key: Key) => Thing | Promise<Thing>): Feed<Thing> {
	let closed = false
	const things = loadAhead(keys, async (key) => {
		// Let the caller pass the previous item to the engine first.
		await setImmediate()
		if (closed) throw new NaptuneError('NAP_INTERNAL', 'This feed is closed.')
		return load(key)
	})
	return {
		async next() {
			const { done, value } = await things.next()
			if (done) throw new NaptuneError('NAP_INTERNAL', 'This training has no further batches.')
			return value[1]
		},
		async close() {
			closed = true
			await things.return()
		},
	}
}

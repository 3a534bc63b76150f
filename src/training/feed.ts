/** What steps read, in order, of which the next is being loaded while the engine works on one. */

import { setImmediate } from 'node:timers/promises'
import { NaptuneError } from '../core/errors.js'
import { loadAhead } from '../core/load-ahead.js'

/** Hands out things in order. */
export interface Feed<Thing> {
	/** The next one. @throws NaptuneError after the last, and what loading it throws. */
	next(): Promise<Thing>
	/** Loads no more. */
	close(): Promise<void>
}

/** A feed of the things of these keys. Nothing is loaded before the first is asked for. */
export function feedOf<Key, Thing>(keys: Iterable<Key>, load: (key: Key) => Thing | Promise<Thing>): Feed<Thing> {
	let closed = false
	const things = loadAhead(keys, async (key) => {
		// Who asked for the one before gets to hand it to the engine first.
		await setImmediate()
		if (closed) throw new NaptuneError('NAP_INTERNAL', 'This feed was closed.')
		return load(key)
	})
	return {
		async next() {
			const { done, value } = await things.next()
			if (done) throw new NaptuneError('NAP_INTERNAL', 'Every batch of this training has been handed out.')
			return value[1]
		},
		async close() {
			closed = true
			await things.return()
		},
	}
}

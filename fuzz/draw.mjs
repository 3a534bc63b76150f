/** Seeded choices. */

import { generator } from '../dist/random/counter-based.js'

/** A stream of choices named by keys. */
export function drawing(seed, ...keys) {
	const stream = generator(seed, 'fuzz', ...keys)
	return {
		stream,
		below: (n) => stream.below(Math.max(1, n)),
		pick: (list) => list[stream.below(list.length)],
		chance: (probability) => stream.uniform() < probability,
	}
}

/** Loading what comes next while what came before is worked on. */

/**
 * Loads the things of a list in order. While one is used, the next are on their way: `ahead` of them, which bounds the
 * memory. Nothing is begun before the first is asked for.
 * @throws What `load` does, when the turn of the thing comes that it is about.
 */
export async function* loadAhead<Key, Thing>(
	keys: Iterable<Key>,
	load: (key: Key) => Promise<Thing>,
	ahead = 1,
): AsyncGenerator<readonly [Key, Thing], void, undefined> {
	const rest = keys[Symbol.iterator]()
	const queue: { readonly key: Key; readonly loading: Promise<Thing> }[] = []
	const fill = (count: number) => {
		while (queue.length < count) {
			const next = rest.next()
			if (next.done) return
			const loading = load(next.value)
			// It is told when its turn comes, and not at all where nobody waits for it any more.
			loading.catch(() => {})
			queue.push({ key: next.value, loading })
		}
	}
	fill(ahead + 1)
	for (let first = queue.shift(); first; first = queue.shift()) {
		const thing = await first.loading
		fill(ahead)
		yield [first.key, thing]
	}
}

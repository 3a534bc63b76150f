/** Loads the next items while earlier ones are in use. */

/**
 * Loads the items of a list in order. While the caller uses one, the next `ahead` items load, which bounds the memory.
 * Loading starts only when the caller requests the first item.
 * @throws What `load` throws, when the turn of the failing item comes.
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
			// The error surfaces when its turn comes, and never if the caller has stopped reading.
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

/** Counts as people read them. */

/** 37774592 as `37,774,592`. */
export function grouped(count: number): string {
	return count.toLocaleString('en-US')
}

/** A count with its noun: `1 epoch`, `2,000 images`. @param plural Where it is not the noun with an s. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
	return `${grouped(count)} ${count === 1 ? noun : plural}`
}

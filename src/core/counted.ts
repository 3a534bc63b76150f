/** Formats counts for people. */

/** Formats 37774592 as `37,774,592`. */
export function grouped(count: number): string {
	return count.toLocaleString('en-US')
}

/** Formats a count with its noun: `1 epoch`, `2,000 images`. @param plural The plural, if it is not the noun plus s. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
	return `${grouped(count)} ${count === 1 ? noun : plural}`
}

/** Quotes words of commands that users may copy. */

/** Quotes a word for a POSIX shell if it needs quoting. */
export function shellWord(text: string): string {
	return /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** Words of commands that are printed to be repeated. */

/** A word as a POSIX shell takes it: quoted where it has to be. */
export function shellWord(text: string): string {
	return /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

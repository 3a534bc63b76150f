/** Damage as a bad disk does it. */

import { readFile, writeFile } from 'node:fs/promises'

/** Flips the lowest bit of one byte of a file, in place. @param position From the start, or from the end where negative. */
export async function flipBit(path: string, position = -1): Promise<void> {
	const bytes = await readFile(path)
	const at = position < 0 ? bytes.length + position : position
	bytes[at]! ^= 1
	await writeFile(path, bytes)
}

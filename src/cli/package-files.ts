/** Files that ship with the package. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The embedded CLIP. */
export const packagedModel = fileURLToPath(new URL('../../models/nano', import.meta.url))

/** Version of this package. */
export function packageVersion(): string {
	const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
	return (manifest as { version: string }).version
}

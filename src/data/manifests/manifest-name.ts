/** Names of manifests, as `--data` takes them. */

import { extname } from 'node:path'

/** Whether a name, without its options, has the ending of a manifest. */
export function isManifestName(text: string): boolean {
	return ['.csv', '.tsv', '.json', '.jsonl'].includes(extname(text.replace(/\?.*$/s, '')).toLowerCase())
}

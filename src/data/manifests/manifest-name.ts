/** Names of manifests, as `--data` accepts them. */

import { extname } from 'node:path'

/** Whether a name, without its options, ends like a manifest. */
export function isManifestName(text: string): boolean {
	return ['.csv', '.tsv', '.json', '.jsonl'].includes(extname(text.replace(/\?.*$/s, '')).toLowerCase())
}

/** Every generated passage. To add one, add an entry to a file in this folder and a marker to a page. */

import type { Insert } from '../markers.js'
import { attackInserts } from './attacks.js'
import { comparisonInserts } from './comparisons.js'
import { evidenceInserts } from './evidence.js'
import { exampleInserts } from './examples.js'
import { familyInserts } from './family.js'
import { officialCodeInserts } from './official-code.js'
import { photosInserts } from './photos.js'
import { protocolInserts } from './protocols.js'
import { referenceInserts } from './references.js'

/** Passages by the names in markers. */
export const inserts: ReadonlyMap<string, Insert> = new Map(
	Object.entries({
		...comparisonInserts,
		...attackInserts,
		...evidenceInserts,
		...officialCodeInserts,
		...referenceInserts,
		...exampleInserts,
		...photosInserts,
		...familyInserts,
		...protocolInserts,
	}),
)

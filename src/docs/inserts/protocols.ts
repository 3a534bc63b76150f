/** What the protocols of the baselines achieved on the small table. */

import { present } from '../../core/at.js'
import { tableMarkdown } from '../../report/tables/markdown.js'
import { protocolTables } from '../../report/tables/protocol-table.js'
import type { Insert } from '../markers.js'
import { experimentAt } from '../records.js'

export const protocolInserts: Readonly<Record<string, Insert>> = {
	'protocols table': async () => {
		const result = await experimentAt('reproduce-quick/table1-both')
		const table = present(protocolTables(result)[0], 'table of protocols')
		// The page has its own heading.
		return tableMarkdown(table)
			.replace(/^### .*\n+/, '')
			.trimEnd()
	},
}

/** Writes tables as JSON. */

import type { ReportTable } from './table.js'

/** The table as a {@link ReportTable}. */
export function tableJson(table: ReportTable): string {
	return `${JSON.stringify(table, null, '\t')}\n`
}

/** All tables of an experiment. */

import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { accuracyTables, epsilonTables } from './accuracy-tables.js'
import { axisTables } from './axis-tables.js'
import { costTable } from './cost-table.js'
import { pairedTables } from './paired-table.js'
import { paperTables } from './paper-tables.js'
import { withOwnNames } from './places.js'
import { problemTables } from './problem-table.js'
import type { ReportTable } from './table.js'

/**
 * The main tables first, in the paper's form; then robust accuracy over epsilon, the numbers beside the paper's, every
 * method beside the reference, what it took, and what could not be measured. Those that would be empty are left out.
 */
export function experimentTables(result: ExperimentResult): ReportTable[] {
	const main = result.layout === 'table' ? accuracyTables(result) : axisTables(result)
	return withOwnNames([
		...main,
		...epsilonTables(result),
		...paperTables(result),
		...pairedTables(result),
		costTable(result),
		...problemTables(result),
	])
}

/** Builds all tables of an experiment. */

import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { trainedResult } from '../not-trained.js'
import { accuracyTables, epsilonTables } from './accuracy-tables.js'
import { axisTables } from './axis-tables.js'
import { costTable } from './cost-table.js'
import { pairedTables } from './paired-table.js'
import { paperTables } from './paper-tables.js'
import { withOwnNames } from './places.js'
import { problemTables } from './problem-table.js'
import { protocolTables } from './protocol-table.js'
import { surrogateTables } from './surrogate-table.js'
import type { ReportTable } from './table.js'

/**
 * The main tables first, in the paper's form; then protocols side by side, robust accuracy over epsilon, comparisons with
 * the paper and with the reference, the cost, and what could not be measured. Omits empty tables.
 */
export function experimentTables(whole: ExperimentResult): ReportTable[] {
	const result = trainedResult(whole)
	const main = result.layout === 'table' ? accuracyTables(whole) : axisTables(whole)
	return withOwnNames([
		...main,
		...protocolTables(whole),
		...epsilonTables(result),
		...surrogateTables(whole),
		...paperTables(result),
		...pairedTables(result),
		costTable(whole),
		...problemTables(whole),
	])
}

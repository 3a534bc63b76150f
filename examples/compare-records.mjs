/** Shows how the settings of two evaluations differ, and the result of each.
 *
 *     node examples/compare-records.mjs one.json other.json
 */

import { evaluationKind, readRecord, recordDifferences } from 'naptune/records'

const [first = '', second = ''] = process.argv.slice(2)

const one = await readRecord(evaluationKind, first)
const other = await readRecord(evaluationKind, second)
console.log(one.defense.name, one.robust)
console.log(other.defense.name, other.robust)
console.log(recordDifferences(evaluationKind, one, other))

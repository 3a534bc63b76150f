/** Reports: pages, tables and figures from records. */

export { type ReportSource, readReportSource } from './html/report-source.js'
export { pagePath, type WrittenReport, writeReport } from './html/write-report.js'
export { tableCsv } from './tables/csv.js'
export { experimentTables } from './tables/experiment-tables.js'
export { tableLatex } from './tables/latex.js'
export { tableMarkdown } from './tables/markdown.js'
export type { ReportTable, TableCell } from './tables/table.js'
export { tableText } from './tables/text.js'

import { join } from 'node:path'
import { readReportSource } from '../../dist/report/html/report-source.js'
import { projectPath, wholeFolder } from '../files.mjs'

/** An experiment's result and its records. */
export default {
	changes: (name) => /\.jsonl?$/.test(name),
	prepare: async () => ({ inputs: [await wholeFolder(projectPath('results/reproduce-quick'), /\.jsonl?$/)] }),
	read: (folder) => readReportSource(join(folder, 'table1')),
}

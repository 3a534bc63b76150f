import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from '../cli.mjs'
import { eachFile, projectPath } from '../files.mjs'

/** Evaluation records as a reviewer receives them. */
export default {
	async prepare() {
		const inputs = await eachFile('results/demo/evaluations', /\.json$/, () => 'record.json')
		const runs = await readdir(projectPath('results/fair'))
		for (const run of runs.slice(0, 3)) {
			inputs.push(
				...(await eachFile(`results/fair/${run}/evaluations`, /\.json$/, () => 'record.json').catch(() => [])),
			)
		}
		return { inputs }
	},
	read: (folder) => command('report', join(folder, 'record.json'), '--output', join(folder, 'out'), '--quiet'),
}

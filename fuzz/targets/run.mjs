import { loadTunedRun } from '../../dist/evaluation/deployed/tuned-run.js'
import { readReportSource } from '../../dist/report/html/report-source.js'
import { command } from '../cli.mjs'
import { wholeFolder } from '../files.mjs'
import { tinyRun } from '../shared.mjs'

/** A tuned run with an evaluation and an audit, as users share it. */
export default {
	seconds: 60,
	changes: (name) => /\.(json|jsonl|safetensors)$/.test(name),
	prepare: async () => ({ inputs: [await wholeFolder(await tinyRun())] }),
	async read(folder) {
		const reads = [
			() => loadTunedRun(folder),
			() => command('inspect', folder, '--json', '--quiet'),
			() => readReportSource(folder),
		]
		let refusal
		for (const read of reads) {
			await read().catch((error) => {
				if (error?.name !== 'NaptuneError') throw error
				refusal = error
			})
		}
		if (refusal) throw refusal
	},
}

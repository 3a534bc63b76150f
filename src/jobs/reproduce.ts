/** Reproduces the paper's tables and figures, and runs your own experiments, from data and a checkpoint to results. */

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { mergeFolders } from '../cluster/merge-folders.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { PreparedExperiment } from '../experiments/prepare.js'
import { runExperiments } from '../experiments/run-experiments.js'
import { experimentForm } from '../records/experiment.js'
import { count, seconds } from '../records/parts/fields.js'
import { readReportSource } from '../report/html/report-source.js'
import { pagePath, writeReport } from '../report/html/write-report.js'
import { experimentTables } from '../report/tables/experiment-tables.js'
import { reportTableSchema } from '../report/tables/table.js'
import { type ExperimentEvent, followCells } from './common/follow-cells.js'
import { experimentFields, experimentsFolder, readyExperiments } from './common/ready-experiments.js'
import { stopped } from './common/stopped.js'
import { defineJob, type JobContext } from './job.js'

/** The input of {@link reproduce}. */
export const reproduceInput = z.strictObject({
	...experimentFields,
	/**
	 * Folders of shards to join into `output` first; an empty list selects all below its folder `shards`. By default none.
	 */
	merge: z.array(z.string()).readonly().optional(),
})

const { problems, missing } = experimentForm.schema.shape

/** The result of {@link reproduce}. */
export const reproduceResult = z.object({
	experiments: z.array(
		z.object({
			name: z.string(),
			record: z.string().describe('File of the result; it names the record behind every number.'),
			cells: count.describe('Number of measurements.'),
			problems: problems.describe('What could not be measured.'),
			missing,
			page: z.string().describe('File of the report.'),
			figures: z.array(z.string()).describe('SVG and PNG files of every figure.'),
			tables: z.array(z.string()).describe('Files of the tables, in every format.'),
			verdict: z.array(z.string()).describe('The opening sentences of the report.'),
			main: reportTableSchema.describe('The first table.').exactOptional(),
		}),
	),
	merged: z
		.object({
			folders: z.array(z.string()),
			copied: count.describe('Number of runs, records and stores copied.'),
			equal: count.describe('Number of those that the output already had, with the same content.'),
			joined: count.describe('Number of partial evaluations joined.'),
		})
		.describe('Result of the merge; missing if there was none.')
		.exactOptional(),
	seconds: seconds.describe('Wall-clock time of this call.'),
})

/**
 * Runs experiments: tunes every method on every data set, attacks all of them, and writes tables, figures and a report. A
 * stopped or killed call resumes where it stopped; experiments compute shared cells once.
 * @throws NaptuneError for unknown names or settings, before anything is computed, or when nothing could be measured.
 */
export const reproduce = defineJob({
	name: 'reproduce',
	doc: "Run the paper's tables and figures: tune every method on every data set, attack all of them, and write tables, figures and a report. A stopped or killed call resumes where it stopped; experiments compute shared cells once.",
	input: reproduceInput,
	result: reproduceResult,
	async run(input, context: JobContext<ExperimentEvent>) {
		const started = performance.now()
		const output = experimentsFolder(input)
		const experiments = await readyExperiments(input, context)
		const merged = input.merge && (await mergeShards(output, input.merge))
		for (const experiment of experiments) notePlan(context, experiment)
		const { end, ...follow } = followCells(context)
		const finished = await runExperiments({
			...follow,
			engine: await context.engine(),
			experiments,
			output,
			batchSize: input.batchSize,
			signal: context.signal,
		}).finally(end)
		if (!finished) throw stopped('Stopped. The work so far is saved; run the same command again to resume.')
		const reported = []
		for (const { result, file, folder } of finished) {
			for (const part of ['figures', 'tables']) context.onFolder(join(folder, part))
			const source = await readReportSource(file)
			const report = await writeReport(source, await pagePath(source))
			const [main] = experimentTables(result)
			const { name, cells, problems, missing } = result
			const { page, figures, tables, verdict } = report
			reported.push({
				...{ name, record: file, cells: cells.length, problems, missing, page, figures, tables, verdict },
				...defined({ main }),
			})
		}
		return { experiments: reported, ...defined({ merged }), seconds: (performance.now() - started) / 1000 }
	},
})

/** Joins the folders of shards. @throws NaptuneError if there are none, and as `mergeFolders`. */
async function mergeShards(output: string, wanted: readonly string[]) {
	const shards = join(output, 'shards')
	const found = wanted.length > 0 || !existsSync(shards) ? [] : (await readdir(shards)).sort()
	const folders = wanted.length > 0 ? wanted.map((folder) => resolve(folder)) : found.map((name) => join(shards, name))
	if (folders.length === 0) {
		throw new NaptuneError(
			'NAP_FILE_MISSING',
			`There is nothing to merge: ${shards} holds no folders of shards. List the folders after --merge, or run the shards first.`,
		)
	}
	return { folders, ...(await mergeFolders(output, folders)) }
}

function notePlan({ onNote }: Pick<JobContext, 'onNote'>, { plan, missing }: PreparedExperiment): void {
	const { definition, datasets, models } = plan
	const list = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name).join(', ')
	onNote({
		kind: 'plan',
		text: `${definition.name}: ${Object.keys(definition.methods).join(', ')} on ${list(datasets)} with ${list(models)}; ${list(definition.conditions)}`,
	})
	for (const { dataset, reason } of missing) onNote({ kind: 'note', text: `skipping ${dataset}: ${reason}` })
}

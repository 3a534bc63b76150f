/** The paper's tables and figures, and experiments of one's own: from data and a checkpoint to results. */

import { join, resolve } from 'node:path'
import { z } from 'zod'
import { defined } from '../core/defined.js'
import { type PreparedExperiment, prepareExperiments } from '../experiments/prepare.js'
import { runExperiments } from '../experiments/run-experiments.js'
import { experimentForm } from '../records/experiment.js'
import { slug } from '../records/names.js'
import { count, seconds } from '../records/parts/fields.js'
import { readReportSource } from '../report/html/report-source.js'
import { pagePath, writeReport } from '../report/html/write-report.js'
import { experimentTables } from '../report/tables/experiment-tables.js'
import { reportTableSchema } from '../report/tables/table.js'
import { countField } from './common/fields.js'
import { type ExperimentEvent, followCells } from './common/follow-cells.js'
import { loadData, loadModel } from './common/inputs.js'
import { stopped } from './common/stopped.js'
import { wantedExperiments, wantedFields } from './common/wanted-experiments.js'
import { defineJob, type JobContext } from './job.js'

/** The input of {@link reproduce}. */
export const reproduceInput = z.strictObject({
	...wantedFields,
	/** Folder of all experiments; by default `runs/reproduce`, of small ones `runs/reproduce-quick`. */
	output: z.string().optional(),
	/** Images at once; changes the speed only. */
	batchSize: countField.default(50),
})

const { problems, missing } = experimentForm.schema.shape

/** The result of {@link reproduce}. */
export const reproduceResult = z.object({
	experiments: z.array(
		z.object({
			name: z.string(),
			record: z.string().describe('File of the result, which names the record of every number.'),
			cells: count.describe('Numbers that were measured.'),
			problems: problems.describe('What could not be measured.'),
			missing,
			page: z.string().describe('The report.'),
			figures: z.array(z.string()).describe('SVG and PNG of every figure.'),
			tables: z.array(z.string()).describe('Tables in every format.'),
			verdict: z.array(z.string()).describe('What the report says first.'),
			main: reportTableSchema.describe('The first table.').exactOptional(),
		}),
	),
	seconds: seconds.describe('Wall-clock time of this call.'),
})

/**
 * Runs experiments: tunes every method on every data set, attacks all of them, and writes tables, figures and a report. A
 * stopped or killed call resumes where it stopped; cells that experiments share are computed once.
 * @throws NaptuneError for names or settings that do not exist, before anything is computed, or when nothing at all could be
 * measured.
 */
export const reproduce = defineJob({
	name: 'reproduce',
	doc: "Reproduce the paper's tables and figures: tune every method on every data set, attack each one, and write tables, figures and a report. A stopped or killed call resumes where it stopped; cells that experiments share are computed once.",
	input: reproduceInput,
	result: reproduceResult,
	async run(input, context: JobContext<ExperimentEvent>) {
		const started = performance.now()
		const { quick, protocol } = input
		const output = resolve(input.output ?? join('runs', quick ? 'reproduce-quick' : 'reproduce'))
		const definitions = await wantedExperiments(input)
		const experiments = await prepareExperiments({
			definitions,
			quick,
			...defined({ suffix: protocol && slug(protocol.join('-')) }),
			loadModel: (name) => loadModel(context, name),
			loadData: (name, seed) => loadData(context, name, seed, input.dataRoot),
		})
		for (const experiment of experiments) tellPlan(context, experiment)
		const { end, ...follow } = followCells(context)
		const finished = await runExperiments({
			...follow,
			engine: await context.engine(),
			experiments,
			output,
			batchSize: input.batchSize,
			signal: context.signal,
		}).finally(end)
		if (!finished) throw stopped('Stopped. What was done is saved; run the same command again to resume.')
		const told = []
		for (const { result, file, folder } of finished) {
			for (const part of ['figures', 'tables']) context.onFolder(join(folder, part))
			const source = await readReportSource(file)
			const report = await writeReport(source, await pagePath(source))
			const [main] = experimentTables(result)
			const { name, cells, problems, missing } = result
			const { page, figures, tables, verdict } = report
			told.push({
				...{ name, record: file, cells: cells.length, problems, missing, page, figures, tables, verdict },
				...defined({ main }),
			})
		}
		return { experiments: told, seconds: (performance.now() - started) / 1000 }
	},
})

function tellPlan({ onNote }: Pick<JobContext, 'onNote'>, { plan, missing }: PreparedExperiment): void {
	const { definition, datasets, models } = plan
	const list = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name).join(', ')
	onNote({
		kind: 'plan',
		text: `${definition.name}: ${Object.keys(definition.methods).join(', ')} on ${list(datasets)} with ${list(models)}; ${list(definition.conditions)}`,
	})
	for (const { dataset, reason } of missing) onNote({ kind: 'note', text: `left out ${dataset}: ${reason}` })
}

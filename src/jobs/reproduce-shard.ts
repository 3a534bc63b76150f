/** Runs one part of experiments, on machines that share nothing. */

import { join } from 'node:path'
import { z } from 'zod'
import { parseShard } from '../cluster/shard.js'
import { at } from '../core/at.js'
import { runCells } from '../experiments/run-cells.js'
import { shardsOf } from '../experiments/shards.js'
import { loadPaperTargets } from '../experiments/targets.js'
import { count, seconds } from '../records/parts/fields.js'
import { type ExperimentEvent, followCells } from './common/follow-cells.js'
import { experimentFields, experimentsFolder, readyExperiments } from './common/ready-experiments.js'
import { stopped } from './common/stopped.js'
import { defineJob, type JobContext } from './job.js'

/** The input of {@link reproduceShard}. */
export const reproduceShardInput = z.strictObject({
	...experimentFields,
	/** Such as `3/16`, or `auto` to take it from Slurm or Kubernetes. */
	shard: z.string(),
})

/** The result of {@link reproduceShard}. */
export const reproduceShardResult = z.object({
	shard: count.describe('From 1.'),
	shards: count,
	folder: z.string().describe('The folder of the shard, for a merge.'),
	runs: count.describe('Tuned models that the shard attacked.'),
	attacks: count.describe('Attacks, on all images or a part of them.'),
	parts: count.describe('Attacks on a part of the images.'),
	share: z.number().min(0).max(1).describe('Fraction of the work of all shards, in passes.'),
	problems: z.array(z.string()).describe('What failed.'),
	seconds: seconds.describe('Wall-clock time of this call.'),
})

/**
 * Runs one of several parts of experiments. Every machine computes the same parts, of about equal work. Afterwards
 * `reproduce` with `merge` joins the folders of all parts and writes tables and reports.
 * @throws NaptuneError as `reproduce`, and for a shard that does not exist.
 */
export const reproduceShard = defineJob({
	name: 'reproduce-shard',
	doc: 'Run one of several parts of experiments. Every machine computes the same parts, of about equal work. naptune reproduce --merge joins them.',
	input: reproduceShardInput,
	result: reproduceShardResult,
	async run(input, context: JobContext<ExperimentEvent>) {
		const started = performance.now()
		const { number, count: shards } = parseShard(input.shard, process.env)
		const folder = join(experimentsFolder(input), 'shards', `${number}-of-${shards}`)
		const experiments = await readyExperiments(input, context)
		for (const { plan, missing } of experiments) {
			for (const { dataset, reason } of missing) {
				context.onNote({ kind: 'note', text: `${plan.definition.name}: skipping ${dataset}: ${reason}` })
			}
		}
		const all = shardsOf(
			experiments.flatMap(({ plan }) => plan.cells),
			shards,
			await loadPaperTargets(),
		)
		const { cells, work } = at(all, number - 1)
		const total = all.reduce((sum, one) => sum + one.work, 0)
		const share = total === 0 ? 0 : work / total
		const attacks = cells.flatMap((planned) => planned.attacks)
		context.onNote({
			kind: 'plan',
			text: `Shard ${number} of ${shards}: ${cells.length} models, ${attacks.length} attacks, ${(100 * share).toFixed(1)} % of the work`,
		})
		const { end, ...follow } = followCells(context)
		const results = await runCells({
			...follow,
			engine: await context.engine(),
			cells,
			output: folder,
			batchSize: input.batchSize,
			signal: context.signal,
		}).finally(end)
		if (!results) throw stopped('Stopped. The work so far is saved; run the same command again to resume.')
		return {
			shard: number,
			shards,
			folder,
			runs: cells.length,
			attacks: attacks.length,
			parts: attacks.filter(({ only }) => only !== undefined).length,
			share,
			problems: [...new Set(results.problems.values())],
			seconds: (performance.now() - started) / 1000,
		}
	},
})

/** Estimates what experiments would cost on this device. */

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { writeBenchCheckpoint } from '../bench/bench-checkpoint.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Dataset } from '../data/dataset.js'
import { cellsToMeasure, costRows, storesOf, surrogateKey } from '../experiments/estimate/estimate.js'
import { fewImages, type MethodRates, measureMethod } from '../experiments/estimate/measure-rates.js'
import { measureSurrogates, type SurrogateRates } from '../experiments/estimate/measure-surrogates.js'
import { plannedDataset } from '../experiments/estimate/planned-data.js'
import { prepareExperiments } from '../experiments/prepare.js'
import { loadPaperTargets } from '../experiments/targets.js'
import { count, seconds } from '../records/parts/fields.js'
import type { ClipModel } from '../vlm/model.js'
import { loadData, loadModel } from './common/inputs.js'
import { stopIfAsked } from './common/stopped.js'
import { wantedExperiments, wantedFields } from './common/wanted-experiments.js'
import { defineJob, type JobContext, startTask } from './job.js'

/** The input of {@link reproducePlan}. */
export const reproducePlanInput = z.strictObject(wantedFields)

const hours = z.number().nonnegative()

/** The result of {@link reproducePlan}. */
export const reproducePlanResult = z.object({
	rows: z
		.array(
			z.object({
				experiment: z.string(),
				model: z.string(),
				dataset: z.string(),
				runs: count.describe('Tuning runs; runs shared with an earlier experiment count there.'),
				attacks: count.describe('Evaluations under attack.'),
				tuningGradients: z.number().describe('Single-image gradients in tuning.'),
				attackGradients: z
					.number()
					.describe('Single-image gradients in attacks, allowing for images expected to be fooled early.'),
				evaluations: z.number().describe('Single-image forward passes in attacks.'),
				hours: hours.describe('Total wall-clock time on this device.'),
				tuningHours: hours,
				attackHours: hours,
				surrogateHours: hours.describe('Training surrogates and making images on them.'),
				processorHours: hours.describe('Time over all threads; other work on the machine does not increase it.'),
				diskBytes: z.number().describe('Disk space of runs, records and image stores.'),
				peakBytes: z.number().describe('Largest resident memory.'),
			}),
		)
		.describe('One entry per experiment, model and data set.'),
	total: z.object({
		hours,
		processorHours: hours,
		gradients: z.number(),
		diskBytes: z.number(),
		peakBytes: z.number(),
	}),
	gradientsPerSecond: z
		.record(z.string(), z.number())
		.describe('Pixel gradients per second, by model, of the undefended model or the first one measured.'),
	planned: z.array(z.string()).describe('Missing data sets, planned from their published counts.'),
	stoodIn: z.array(z.string()).describe('Missing models, measured with random weights of their size.'),
	device: z.object({ engine: z.string(), device: z.string(), threads: count }),
	measuredSeconds: seconds.describe('Duration of the benchmark.'),
})

/** Geometries of the paper's models, by the ends of their ids. */
const geometries: readonly (readonly [RegExp, { readonly patch_size: number }])[] = [
	[/vit-base-patch16$/i, { patch_size: 16 }],
	[/vit-base-patch32$/i, { patch_size: 32 }],
]

/**
 * Estimates what experiments would cost from a short benchmark of every method: cells, gradients, hours on this device, disk
 * and memory. Writes nothing. Plans missing data sets from their published counts, and measures missing models of the paper
 * with random weights of their size.
 * @throws NaptuneError, as `reproduce` does, for unknown names or settings.
 */
export const reproducePlan = defineJob({
	name: 'reproduce-plan',
	doc: 'Estimate what experiments would cost on this device from a short benchmark: cells, gradients, hours, disk and memory per experiment and data set. Plans missing data sets from their published counts.',
	input: reproducePlanInput,
	result: reproducePlanResult,
	async run(input, context) {
		const definitions = await wantedExperiments(input)
		const removals: (() => Promise<void>)[] = []
		const planned = new Map<string, string>()
		const stoodIn = new Set<string>()
		const folder = await mkdtemp(join(tmpdir(), 'naptune-plan-'))
		removals.push(() => rm(folder, { recursive: true, force: true }))
		try {
			const experiments = await prepareExperiments({
				definitions,
				quick: input.quick,
				...defined({ suffix: input.protocol?.join('-') }),
				loadModel: (name) => modelOrStandIn(context, name, folder, stoodIn, removals),
				loadData: (name, seed) => dataOrCounts(context, name, seed, input.dataRoot, planned),
			})
			for (const { plan, missing } of experiments) {
				for (const { dataset, reason } of missing) {
					context.onNote({ kind: 'note', text: `${plan.definition.name}: not planned, ${dataset}: ${reason}` })
				}
			}
			for (const [name, reason] of planned) {
				context.onNote({ kind: 'note', text: `${name}: planned from its published counts. ${reason}` })
			}
			const plans = experiments.map(({ plan }) => plan)
			const engine = await context.engine()
			const started = performance.now()
			const cells = cellsToMeasure(plans)
			const stores = new Map(
				plans.flatMap((plan) =>
					plan.datasets.flatMap((dataset) =>
						storesOf(plan.cells.filter(({ cell }) => cell.dataset === dataset)).map(
							(attack) => [surrogateKey(dataset.name, attack), { attack, dataset }] as const,
						),
					),
				),
			)
			const task = startTask(context, 'measuring', cells.size + stores.size, 'parts')
			const rates = new Map<string, MethodRates>()
			const gradientsPerSecond: Record<string, number> = {}
			const surrogates = new Map<string, SurrogateRates>()
			const measured = new Map<string, SurrogateRates>()
			try {
				for (const [key, cell] of cells) {
					stopIfAsked(context)
					task.update(rates.size, `${cell.method} on ${cell.model.name}`)
					const found = await measureMethod(
						engine,
						cell,
						join(folder, String(rates.size)),
						planned.has(cell.dataset.name),
					)
					rates.set(key, found)
					gradientsPerSecond[cell.model.name] ??= 1 / found.gradient.wall
					await rm(join(folder, String(rates.size - 1)), { recursive: true, force: true })
				}
				for (const [key, { attack, dataset }] of stores) {
					stopIfAsked(context)
					task.update(rates.size + surrogates.size, `surrogates of ${attack.condition} on ${dataset.name}`)
					const small = fewImages(dataset, 100, planned.has(dataset.name))
					// Made-up pictures of one recipe take the same for every data set but for the number of images.
					const { madeOn, options } = attack
					const alike = planned.has(dataset.name) ? JSON.stringify([attack.attack, options, madeOn]) : key
					const own = await mkdtemp(join(folder, 'surrogates-'))
					const found = measured.get(alike) ?? (await measureSurrogates(engine, attack, dataset, small, own))
					measured.set(alike, found)
					surrogates.set(key, found)
				}
			} finally {
				task.end()
			}
			const rows = costRows(plans, { targets: await loadPaperTargets(), rates, surrogates }).map((row) => {
				const wall = row.tuning.wall + row.attacking.wall + row.surrogates.wall
				const processor = row.tuning.processor + row.attacking.processor + row.surrogates.processor
				const { tuning, attacking, surrogates: others, ...rest } = row
				return {
					...rest,
					hours: wall / 3600,
					tuningHours: tuning.wall / 3600,
					attackHours: attacking.wall / 3600,
					surrogateHours: others.wall / 3600,
					processorHours: processor / 3600,
				}
			})
			const sum = (read: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + read(row), 0)
			return {
				rows,
				total: {
					hours: sum((row) => row.hours),
					processorHours: sum((row) => row.processorHours),
					gradients: sum(({ tuningGradients, attackGradients }) => tuningGradients + attackGradients),
					diskBytes: sum(({ diskBytes }) => diskBytes),
					peakBytes: Math.max(0, ...rows.map(({ peakBytes }) => peakBytes)),
				},
				gradientsPerSecond,
				planned: [...planned.keys()],
				stoodIn: [...stoodIn],
				device: { engine: engine.version, device: engine.device, threads: engine.threads },
				measuredSeconds: (performance.now() - started) / 1000,
			}
		} finally {
			for (const remove of removals.reverse()) await remove()
		}
	},
})

type PlanContext = Pick<JobContext, 'imageLoader' | 'onNote' | 'onProgress' | 'signal'>

/** The model, or random weights of its size if a model of the paper is missing. */
async function modelOrStandIn(
	context: PlanContext,
	name: string,
	folder: string,
	stoodIn: Set<string>,
	removals: (() => Promise<void>)[],
): Promise<ClipModel> {
	try {
		return await loadModel(context, name)
	} catch (error) {
		const geometry = geometries.find(([ending]) => ending.test(name))?.[1]
		if (!(error instanceof NaptuneError) || !geometry || existsSync(name)) throw error
		stoodIn.add(name)
		context.onNote({ kind: 'note', text: `${name} is missing; measuring with random weights of its size` })
		const tokenizer = fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url))
		const written = await writeBenchCheckpoint(tokenizer, folder, { vision: geometry })
		removals.push(() => written.remove())
		return loadModel(context, written.folder)
	}
}

/** The data set, or its published counts if it is missing. */
async function dataOrCounts(
	context: PlanContext,
	name: string,
	seed: number,
	root: string | undefined,
	planned: Map<string, string>,
): Promise<Dataset> {
	try {
		return await loadData(context, name, seed, root)
	} catch (error) {
		const counted = plannedDataset(name)
		if (!(error instanceof NaptuneError) || !counted) throw error
		planned.set(name, error.message)
		return counted
	}
}

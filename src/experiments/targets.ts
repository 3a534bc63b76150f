/** The paper's numbers as data, to compare ours with. */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import type { ClipConfig } from '../vlm/config.js'
import { type ExperimentDefinition, loadWrittenExperiment, paperExperiments, paperVariants } from './definition.js'
import { bothProtocols, noProtocol, withProtocols } from './protocols.js'

const file = fileURLToPath(new URL('../../experiments/targets/nap-tuning.json', import.meta.url))

const percent = z.number().min(0).max(100)
const where = z.string().min(1).describe('Its place in the paper, such as `Table I` or `V-E`.')
const place = {
	place: where,
	experiment: z.string(),
	/** Geometry, such as `ViT-B/16`. */
	model: z.string(),
	method: z.string(),
	condition: z.string(),
	point: z.number().optional(),
}
const row = z.strictObject({
	condition: z.string(),
	method: z.string(),
	cells: z.array(percent).describe('In the order of `columns`.'),
	average: percent.describe('As printed in the paper.'),
})
/** The number of the data that a claim repeats or is computed from. */
const claimed = z.strictObject({
	kind: z
		.enum(['cell', 'mean', 'gain', 'ratio'])
		.describe(
			'A cell; the mean of a row; that mean minus that of the method named in `over`, or of the strongest baseline; the average at `point` over that at `over`.',
		),
	experiment: z.string(),
	method: z.string(),
	condition: z.string(),
	dataset: z.string().optional(),
	point: z.number().optional(),
	over: z.union([z.string(), z.number()]).optional(),
})
const fileSchema = z.strictObject({
	source: z.string(),
	/** What readers must know about the paper's numbers before they compare ours with them. */
	notes: z.array(z.string()),
	columns: z.array(z.string()).describe('Data sets of the tables.'),
	tables: z.array(z.strictObject({ place: where, experiment: z.string(), model: z.string(), rows: z.array(row) })),
	cells: z.array(z.strictObject({ ...place, dataset: z.string(), percent })),
	averages: z.array(z.strictObject({ ...place, stated: percent })),
	ranges: z.array(
		z.strictObject({
			...place,
			dataset: z.string().optional().describe('Missing if the paper does not name it.'),
			points: z.tuple([z.number(), z.number()]).optional().describe('First and last point; default: all.'),
			low: percent,
			high: percent,
			what: z.string(),
		}),
	),
	claims: z.array(z.strictObject({ place: where, what: z.string(), value: z.number(), of: claimed })),
})
type TargetsFile = z.output<typeof fileSchema>

/** A cell of the paper, in percent. */
export type PaperCell = TargetsFile['cells'][number]

/** An average of the paper: as printed, and recomputed from its cells if those are printed. */
export type PaperAverage = Omit<TargetsFile['averages'][number], 'stated'> & {
	readonly stated: number
	readonly recomputed?: number
}

/** Numbers in the paper's text that lie between two bounds, or do not belong to one cell. */
export type PaperRange = TargetsFile['ranges'][number]

/** Statements in the text about numbers elsewhere in the paper. */
export type PaperClaim = TargetsFile['claims'][number]

/** Every number of the paper, in percent. */
export interface PaperTargets {
	readonly source: string
	readonly notes: readonly string[]
	readonly cells: readonly PaperCell[]
	readonly averages: readonly PaperAverage[]
	readonly ranges: readonly PaperRange[]
	readonly claims: readonly PaperClaim[]
}

/** Identifies a number of the paper. */
export interface TargetPlace {
	/** Name of the experiment, such as `table1`. */
	readonly experiment: string
	/** From {@link geometryName}. */
	readonly model: string
	readonly method: string
	readonly condition: string
	readonly point?: number
}

/** Reads the paper's numbers. */
export async function loadPaperTargets(): Promise<PaperTargets> {
	const { columns, tables, cells, averages, ...rest } = fileSchema.parse(JSON.parse(await readFile(file, 'utf8')))
	const rows = tables.flatMap(({ rows: own, ...table }) => own.map((one) => ({ ...table, ...one })))
	return {
		...rest,
		cells: [
			...rows.flatMap(({ average: _, cells: numbers, ...where }) =>
				columns.map((dataset, index) => ({ ...where, dataset, percent: at(numbers, index) })),
			),
			...cells,
		],
		averages: [
			...rows.map(({ average, cells: numbers, ...where }) => ({
				...where,
				stated: average,
				recomputed: hundredths(numbers.reduce((sum, own) => sum + own, 0) / numbers.length),
			})),
			...averages,
		],
	}
}

function hundredths(value: number): number {
	return Math.round(100 * value) / 100
}

/**
 * Whether an experiment measures what the paper did, so that its numbers are comparable: it is the package's definition,
 * except for a choice of models, data sets, methods, conditions, seeds and number of test images. Always false for small
 * experiments and users' own.
 */
export async function measuresAsThePaper(definition: ExperimentDefinition): Promise<boolean> {
	const { name, methods, conditions } = definition
	if (!([...paperExperiments, ...paperVariants] as readonly string[]).includes(name)) return false
	const written = await loadWrittenExperiment(name)
	const own = withProtocols(written)
	const both = written.protocols ? withProtocols(written, [bothProtocols]) : own
	const none = written.protocols ? withProtocols(written, [noProtocol]) : own
	// A row under a single protocol may have the plain name of its method.
	const known = (method: string, how: ExperimentDefinition['methods'][string]) =>
		[own, both, none].some(({ methods }) => isDeepStrictEqual(how, methods[method])) ||
		Object.values(both.methods).some(({ title: _, ...rest }) => {
			const { title: __, ...given } = how
			return isDeepStrictEqual(given, rest)
		})
	const shared = ({ preset, tuning, overrides, epsilon, axis }: ExperimentDefinition) => ({
		preset,
		tuning,
		overrides,
		epsilon,
		// Without methods that depend on the axis, there is no axis.
		...defined({ points: definition.axis ? axis?.points : undefined }),
	})
	return (
		isDeepStrictEqual(shared(definition), shared(own)) &&
		Object.entries(methods).every(([method, how]) => known(method, how)) &&
		conditions.every((condition) => own.conditions.some((known) => isDeepStrictEqual(known, condition)))
	)
}

/** Whether these are the paper's eleven data sets. */
export function arePaperDatasets({ cells }: PaperTargets, datasets: readonly string[]): boolean {
	const papers = new Set(cells.map(({ dataset }) => dataset))
	return isDeepStrictEqual(new Set(datasets.map(paperName)), papers)
}

/** The paper's ImageNet test images are 1,000. */
function paperName(dataset: string): string {
	return dataset === 'imagenet-1000' ? 'imagenet' : dataset
}

/** The paper's number for a cell, in percent; undefined if it prints none. */
export function paperTarget(
	{ cells }: PaperTargets,
	{ dataset, ...wanted }: TargetPlace & { readonly dataset: string },
): number | undefined {
	return cells.find((cell) => cell.dataset === paperName(dataset) && samePlace(cell, wanted))?.percent
}

/** The paper's average over its eleven data sets, in percent; undefined if it prints none. */
export function paperAverage(
	{ averages }: PaperTargets,
	wanted: TargetPlace,
): { readonly stated: number; readonly recomputed?: number } | undefined {
	const found = averages.find((average) => samePlace(average, wanted))
	return found && { stated: found.stated, ...defined({ recomputed: found.recomputed }) }
}

/** Whether an entry has this model, method, condition and point. */
export function samePlace(entry: PaperAverage | PaperCell | PaperRange, wanted: TargetPlace): boolean {
	return (
		entry.experiment === wanted.experiment &&
		entry.model === wanted.model &&
		entry.method === wanted.method &&
		entry.condition === wanted.condition &&
		entry.point === wanted.point
	)
}

/** `ViT-B/16` or `ViT-B/32` for a model of that size; undefined for others, which the paper does not cover. */
export function geometryName({ vision, text }: ClipConfig): string | undefined {
	const base = vision.width === 768 && vision.layers === 12 && vision.imageSize === 224 && text.width === 512
	return base && [16, 32].includes(vision.patchSize) ? `ViT-B/${vision.patchSize}` : undefined
}

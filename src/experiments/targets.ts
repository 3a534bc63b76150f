/** The paper's numbers as data: what ours stand beside. */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { defined } from '../core/defined.js'
import type { ClipConfig } from '../vlm/config.js'
import { type ExperimentDefinition, loadExperiment, paperExperiments } from './definition.js'

const file = fileURLToPath(new URL('../../experiments/targets/nap-tuning.json', import.meta.url))

const percent = z.number().min(0).max(100)
const place = {
	experiment: z.string(),
	/** Geometry, such as `ViT-B/16`. */
	model: z.string(),
	method: z.string(),
	condition: z.string(),
	point: z.number().optional(),
}
const targetsSchema = z.strictObject({
	source: z.string(),
	/** What a reader must know of the paper's numbers before ours are held against them. */
	notes: z.array(z.string()),
	averages: z.array(z.strictObject({ ...place, stated: percent.optional(), recomputed: percent })),
	cells: z.array(z.strictObject({ ...place, dataset: z.string(), percent })),
})

/** Cells, and averages as the paper states them and as they are worked out from its cells; in percent. */
export type PaperTargets = z.output<typeof targetsSchema>

/** Which number of the paper is meant. */
export interface TargetPlace {
	/** Name of the experiment, such as `table1`. */
	readonly experiment: string
	/** As {@link geometryName} says it. */
	readonly model: string
	readonly method: string
	readonly condition: string
	readonly point?: number
}

/** Reads the paper's numbers. */
export async function loadPaperTargets(): Promise<PaperTargets> {
	return targetsSchema.parse(JSON.parse(await readFile(file, 'utf8')))
}

/**
 * Whether an experiment measures what the paper did, so that its numbers may stand beside ours: as the package has it but for
 * which models, data sets, methods, conditions, seeds and how many test images were chosen. Always false for small and own ones.
 */
export async function measuresAsThePaper(definition: ExperimentDefinition): Promise<boolean> {
	const { name, methods, conditions } = definition
	if (!(paperExperiments as readonly string[]).includes(name)) return false
	const own = await loadExperiment(name)
	const shared = ({ preset, tuning, overrides, epsilon, axis }: ExperimentDefinition) => ({
		preset,
		tuning,
		overrides,
		epsilon,
		// Without methods that depend on it, there is none left.
		...defined({ points: definition.axis ? axis?.points : undefined }),
	})
	return (
		isDeepStrictEqual(shared(definition), shared(own)) &&
		Object.entries(methods).every(([method, how]) => isDeepStrictEqual(how, own.methods[method])) &&
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

/** The paper's number for a cell, in percent; undefined where it prints none. */
export function paperTarget(
	{ cells }: PaperTargets,
	{ dataset, ...wanted }: TargetPlace & { readonly dataset: string },
): number | undefined {
	return cells.find((cell) => cell.dataset === paperName(dataset) && samePlace(cell, wanted))?.percent
}

/** The paper's average over its eleven data sets, in percent; undefined where it prints none. */
export function paperAverage(
	{ averages }: PaperTargets,
	wanted: TargetPlace,
): { readonly stated?: number; readonly recomputed: number } | undefined {
	const found = averages.find((average) => samePlace(average, wanted))
	return found && { ...defined({ stated: found.stated }), recomputed: found.recomputed }
}

function samePlace(
	entry: PaperTargets['averages'][number] | PaperTargets['cells'][number],
	wanted: TargetPlace,
): boolean {
	return (
		entry.experiment === wanted.experiment &&
		entry.model === wanted.model &&
		entry.method === wanted.method &&
		entry.condition === wanted.condition &&
		entry.point === wanted.point
	)
}

/** `ViT-B/16` or `ViT-B/32` for a model of their size; undefined for others, of which the paper says nothing. */
export function geometryName({ vision, text }: ClipConfig): string | undefined {
	const base = vision.width === 768 && vision.layers === 12 && vision.imageSize === 224 && text.width === 512
	return base && [16, 32].includes(vision.patchSize) ? `ViT-B/${vision.patchSize}` : undefined
}

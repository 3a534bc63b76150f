/** What an experiment found, read back and checked. */

import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { readJsonFile } from '../files/json-file.js'
import type { ExperimentResult } from './experiment-result.js'

/** Name of the file in an experiment's folder. */
export const resultFile = 'result.json'

const count = z.int().nonnegative()
const share = z.number().min(0).max(1)
const interval = z.tuple([z.number(), z.number()])
const seconds = z.number().nonnegative()
const settings = z.record(z.string(), z.unknown())
const accuracy = z.looseObject({ accuracy: share, interval })
const path = z
	.string()
	.min(1)
	.refine((text) => !/^([/\\]|[A-Za-z]:)/.test(text) && !text.split(/[/\\]/).includes('..'), {
		message: 'a path below the folder of all experiments was expected',
	})

const seedResult = z.looseObject({
	seed: count,
	images: count,
	accuracy,
	stages: z.array(z.looseObject({ stage: z.string(), attacked: count, robust: accuracy, seconds })).optional(),
	record: path,
	run: path.optional(),
	tuningSeconds: seconds,
	evaluationSeconds: seconds,
})

const place = { model: z.string(), dataset: z.string(), method: z.string(), condition: z.string() }

const cell = z.looseObject({
	...place,
	point: z.number().optional(),
	seeds: z.array(seedResult).min(1),
	images: count,
	accuracy: share,
	interval,
	deviation: z.number().optional(),
	paired: z
		.looseObject({
			reference: z.string(),
			onlyThis: count,
			onlyReference: count,
			p: share,
			difference: z.number(),
			interval,
		})
		.optional(),
	target: z.looseObject({ paper: z.number(), difference: z.number() }).optional(),
})

const resultSchema = z.looseObject({
	format: z.literal(1),
	name: z.string(),
	version: z.number(),
	title: z.string(),
	doc: z.string(),
	quick: z.boolean(),
	layout: z.enum(['table', 'curve', 'matrix']),
	definition: settings,
	models: z.array(z.string()),
	datasets: z.array(z.string()),
	missing: z.array(z.looseObject({ dataset: z.string(), reason: z.string() })),
	methods: z.array(z.looseObject({ name: z.string(), title: z.string() })),
	conditions: z.array(
		z.looseObject({
			name: z.string(),
			title: z.string(),
			attack: z.looseObject({ name: z.string(), attack: z.string(), source: z.string(), options: settings }).optional(),
			threatModel: z.looseObject({ norm: z.enum(['linf', 'l2']), epsilon: z.number().nonnegative() }).optional(),
			role: z.enum(['table', 'epsilon-curve']),
		}),
	),
	axis: z
		.looseObject({
			name: z.string(),
			title: z.string(),
			values: z.array(z.number()).min(1),
			labels: z.array(z.string()).optional(),
			scale: z.enum(['linear', 'log']),
		})
		.optional(),
	reference: z.string().optional(),
	seeds: z.array(count),
	cells: z.array(cell),
	averages: z.array(
		z.looseObject({
			model: z.string(),
			method: z.string(),
			condition: z.string(),
			point: z.number().optional(),
			datasets: count,
			accuracy: share,
			target: z.looseObject({ stated: z.number().optional(), recomputed: z.number() }).optional(),
		}),
	),
	problems: z.array(
		z.looseObject({
			model: z.string(),
			dataset: z.string(),
			method: z.string().optional(),
			condition: z.string().optional(),
			point: z.number().optional(),
			seed: count.optional(),
			message: z.string(),
		}),
	),
	shown: z.array(z.looseObject({ method: z.string(), run: path, dataset: z.string() })),
	provenance: z.looseObject({
		naptune: z.string(),
		engine: z.string(),
		device: z.string(),
		threads: count,
		weights: z.record(z.string(), z.string()),
		seconds,
	}),
})

/**
 * Reads the result of an experiment.
 * @param file Its `result.json`.
 * @throws NaptuneError when the file is missing or not such a result, naming the wrong fields, or a cell is of a model, data
 * set, method or condition that the result does not list.
 */
export async function readExperimentResult(file: string): Promise<ExperimentResult> {
	const parsed = resultSchema.safeParse(await readJsonFile(file))
	if (!parsed.success) {
		throw new NaptuneError(
			`${file} is not the result of an experiment that this version reads:\n${z.prettifyError(parsed.error)}\nRun the experiment again; what is finished is not computed again.`,
		)
	}
	const result = parsed.data as ExperimentResult
	const listed = {
		model: new Set(result.models),
		dataset: new Set(result.datasets),
		method: new Set(result.methods.map(({ name }) => name)),
		condition: new Set(result.conditions.map(({ name }) => name)),
	}
	for (const found of result.cells) {
		for (const [key, names] of Object.entries(listed) as [keyof typeof listed, Set<string>][]) {
			if (names.has(found[key])) continue
			throw new NaptuneError(
				`${file} contradicts itself: a cell is of the ${key} ${JSON.stringify(found[key])}, which it does not list. Run the experiment again.`,
			)
		}
	}
	return result
}

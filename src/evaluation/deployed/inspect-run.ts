/** What a tuning run is and where it stands, finished or not. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { elementCount } from '../../core/tensor.js'
import type { Defense, LayerLayout } from '../../defenses/defense.js'
import { readJsonFile } from '../../files/json-file.js'
import { readSafetensorsHeader } from '../../files/safetensors.js'
import { tuningConfig } from '../../methods/tuning/configuration.js'
import { runFiles } from '../../methods/tuning/run-directory.js'
import { stepsOfEpoch } from '../../methods/tuning/training-images.js'
import type { ClipModel } from '../../vlm/model.js'
import { settingChangeSchema, settingChanges } from '../robustness/setting-changes.js'
import { epochPointSchema, readLearningCurves } from './learning-curves.js'
import { parameterGroupSchema, parameterGroups } from './parameter-groups.js'
import { openRun } from './tuned-run.js'

const settings = z.record(z.string(), z.unknown())

const tracedBlockSchema = z.object({
	/** Counted from 0. */
	block: z.int().nonnegative(),
	/** Tokens that are no context vectors: class token and patches, or the text with its start and end. */
	tokens: z.int(),
	/** Context vectors beside them. */
	prompts: z.int(),
	/** Whether the layer brings context vectors of its own, rather than those that the block before gave. */
	ownPrompts: z.boolean(),
	/** Whether tokens are refined before this block. */
	refined: z.boolean(),
	/** Of the tokens with the context vectors: [B, N, width]; text has one row per prompt instead of B. */
	shape: z.tuple([z.union([z.number(), z.string()]), z.number(), z.number()]).readonly(),
})

/** What enters one block of a tower. */
export type TracedBlock = z.output<typeof tracedBlockSchema>

/** How far a run has come. */
const runProgressSchema = z.object({
	finished: z.boolean(),
	/** Optimizer steps that are saved, and those of the whole run. */
	steps: z.int().nonnegative(),
	totalSteps: z.int().nonnegative(),
	/** Epochs in the log, and those of the whole run. */
	epochs: z.int().nonnegative(),
	totalEpochs: z.int().positive(),
	/** Wall-clock time up to the last saved state; null before the first. */
	seconds: z.number().nullable(),
	/** Latest epochs in a row at chance; above 0 the parameters are worth nothing. */
	epochsAtChance: z.int().nonnegative(),
})

/** How far a run has come. */
export type RunProgress = z.output<typeof runProgressSchema>

/** All that is known of a run. */
export const runInspectionSchema = z.object({
	directory: z.string(),
	progress: runProgressSchema,
	defense: z.object({ name: z.string(), options: settings }),
	model: z.object({ source: z.string(), sha256: z.string() }),
	data: z.object({
		name: z.string(),
		classNames: z.array(z.string()).readonly(),
		images: z.int().positive(),
		notices: z.array(z.string()).readonly(),
		origin: settings,
	}),
	config: settings,
	/** Where `config` differs from the defaults, which are the paper's values. */
	changed: z.array(settingChangeSchema).readonly(),
	/** The preset that tuning started from, and what was asked for beside it; null where the run does not say. */
	preset: z.object({ name: z.string(), version: z.number(), overrides: z.array(settings).readonly() }).nullable(),
	versions: z.object({ naptune: z.string(), engine: z.string(), device: z.string(), threads: z.int().positive() }),
	trace: z.object({
		text: z.array(tracedBlockSchema).readonly(),
		image: z.array(tracedBlockSchema).readonly(),
		/** Shapes of what the towers give and of the logits. */
		outputs: z.object({
			textFeatures: z.tuple([z.number(), z.number()]).readonly(),
			imageFeatures: z.tuple([z.string(), z.number()]).readonly(),
			logits: z.tuple([z.string(), z.number()]).readonly(),
		}),
	}),
	parameters: z.object({
		groups: z.array(parameterGroupSchema).readonly(),
		total: z.int(),
		/** Of the CLIP, all of which stay as they are. */
		frozen: z.int(),
	}),
	epochs: z.array(epochPointSchema).readonly(),
})

/** All that is known of a run. */
export type RunInspection = z.output<typeof runInspectionSchema>

const description = z.object({
	model: z.object({ source: z.string(), sha256: z.string() }),
	dataset: z.object({
		name: z.string(),
		origin: settings,
		notices: z.array(z.string()),
		classNames: z.array(z.string()),
	}),
	training: z.object({ images: z.int().positive() }),
	config: z.looseObject({ epochs: z.int().positive(), batchSize: z.int().positive() }),
	preset: z
		.object({
			name: z.string(),
			version: z.number(),
			overrides: z.array(settings),
		})
		.optional(),
	naptune: z.string(),
	engine: z.object({ version: z.string(), device: z.string(), threads: z.int().positive() }),
})
const usage = z.object({ seconds: z.number() })
const savedProgress = z.object({
	step: z.int().nonnegative(),
	usage,
	history: z.object({ epochsAtChance: z.int().nonnegative() }),
})
const runResult = usage.extend({ optimizerSteps: z.int(), epochsAtChance: z.int() })

/**
 * Looks at a run. Of the checkpoint the header and the fingerprint are read, of the run no parameters.
 * @param directory As given to `tune`.
 * @param model Where the model lies now; by default where it was.
 * @throws NaptuneError when there is no run, its files are damaged, or the model is not the same or gone.
 */
export async function inspectRun(directory: string, model?: string): Promise<RunInspection> {
	const { clip, defense, description: content } = await openRun(directory, model)
	const path = join(directory, runFiles.description)
	const run = checked(description, content, path)
	const { dataset, training, config } = run
	const epochs = await readLearningCurves(directory)
	const totalSteps = config.epochs * stepsOfEpoch(training.images, Math.min(config.batchSize, training.images))
	const groups = parameterGroups(defense)
	return {
		directory,
		progress: {
			...(await progressOf(directory)),
			totalSteps,
			epochs: epochs.length,
			totalEpochs: config.epochs,
		},
		defense: { name: defense.name, options: defense.config },
		model: run.model,
		data: { ...dataset, images: training.images },
		config,
		changed: settingChanges(plain(tuningConfig({})), config),
		preset: run.preset ?? null,
		versions: {
			naptune: run.naptune,
			engine: run.engine.version,
			device: run.engine.device,
			threads: run.engine.threads,
		},
		trace: traceOf(clip, defense),
		parameters: {
			groups,
			total: groups.reduce((sum, { count }) => sum + count, 0),
			frozen: [...clip.checkpoint.weights.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0),
		},
		epochs,
	}
}

function traceOf({ config }: ClipModel, { layout, prompts, classNames }: Defense): RunInspection['trace'] {
	const traced = (layers: readonly LayerLayout[], rows: number | string, width: number) =>
		layers.map((layer, block): TracedBlock => ({ block, ...layer, shape: [rows, layer.tokens + layer.prompts, width] }))
	return {
		text: traced(layout.text, prompts.rows, config.text.width),
		image: traced(layout.image, 'B', config.vision.width),
		outputs: {
			textFeatures: [classNames.length, config.projectionDimension],
			imageFeatures: ['B', config.projectionDimension],
			logits: ['B', classNames.length],
		},
	}
}

async function progressOf(
	directory: string,
): Promise<Pick<RunProgress, 'finished' | 'steps' | 'seconds' | 'epochsAtChance'>> {
	const [result, state] = [join(directory, runFiles.result), join(directory, runFiles.state)]
	if (existsSync(result)) {
		const { optimizerSteps, seconds, epochsAtChance } = checked(runResult, await readJsonFile(result), result)
		return { finished: true, steps: optimizerSteps, seconds, epochsAtChance }
	}
	if (!existsSync(state)) return { finished: false, steps: 0, seconds: null, epochsAtChance: 0 }
	const { metadata } = await readSafetensorsHeader(state)
	const { step, usage, history } = checked(savedProgress, json(metadata.progress), state)
	return { finished: false, steps: step, seconds: usage.seconds, epochsAtChance: history.epochsAtChance }
}

function json(text: string | undefined): unknown {
	try {
		return JSON.parse(text ?? '')
	} catch {
		return undefined
	}
}

function plain(value: unknown): unknown {
	return JSON.parse(JSON.stringify(value))
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, path: string): z.output<Schema> {
	const parsed = schema.safeParse(value)
	if (parsed.success) return parsed.data
	throw new NaptuneError(
		`${path} is damaged, or of a run that this version does not read:\n${z.prettifyError(parsed.error)}\nRestore the run directory.`,
	)
}

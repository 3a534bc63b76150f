/** Describes a tuning run and its progress, finished or not. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import type { Immutable } from '../../core/immutable.js'
import { elementCount } from '../../core/tensor.js'
import type { Defense, LayerLayout } from '../../defenses/defense.js'
import { readSafetensorsHeader } from '../../files/safetensors.js'
import { tuningConfig } from '../../methods/tuning/configuration.js'
import { stepsOfEpoch } from '../../methods/tuning/training-images.js'
import { runFiles } from '../../records/names.js'
import { chosen, count, options, positive, seconds } from '../../records/parts/fields.js'
import { presetSchema } from '../../records/parts/preset.js'
import { readRecord } from '../../records/record-kind.js'
import { epochForm, runDescriptionForm, runResultForm } from '../../records/run.js'
import { type SettingChange, settingChanges } from '../../records/settings.js'
import type { ClipModel } from '../../vlm/model.js'
import { readLearningCurves } from './learning-curves.js'
import { parameterGroupSchema, parameterGroups } from './parameter-groups.js'
import { openRun } from './tuned-run.js'

const tracedBlockSchema = z.object({
	block: count.describe('Counted from 0.'),
	tokens: count.describe(
		'Tokens that are not context vectors: class token and patches, or the text with its start and end.',
	),
	prompts: count.describe('Context vectors besides them.'),
	ownPrompts: z
		.boolean()
		.describe('Whether the layer has its own context vectors, instead of those from the block before.'),
	refined: z.boolean().describe('Whether the method changes the other tokens before this block.'),
	shape: z
		.tuple([z.union([z.number(), z.string()]), z.number(), z.number()])
		.describe(
			'Shape of the tokens with the context vectors: [B, N, width]; for text, one row per prompt instead of B.',
		),
})

/** The input of one block of a tower. */
export type TracedBlock = Immutable<z.output<typeof tracedBlockSchema>>

const runProgressSchema = z.object({
	finished: z.boolean(),
	steps: count.describe('Saved optimizer steps.'),
	totalSteps: count.describe('Optimizer steps of the whole run.'),
	epochs: count.describe('Epochs in the log.'),
	totalEpochs: positive.describe('Epochs of the whole run.'),
	seconds: seconds.nullable().describe('Wall-clock time up to the last saved state; null before the first.'),
	epochsAtChance: count.describe(
		'Consecutive epochs at chance level up to the latest; above 0 the parameters are worthless.',
	),
})

/** The progress of a run. */
export type RunProgress = Immutable<z.output<typeof runProgressSchema>>

const { model, dataset, config, engine, naptune } = runDescriptionForm.schema.shape
const presetShape = presetSchema.shape

/** Everything known about a run. */
export const runInspectionSchema = z.object({
	directory: z.string(),
	progress: runProgressSchema,
	defense: chosen,
	model: model.pick({ source: true, family: true, sha256: true }),
	data: dataset.extend({ images: positive.describe('Training images.') }),
	config,
	changed: z
		.array(z.object({ setting: z.string(), value: z.unknown(), usual: z.unknown() }) satisfies z.ZodType<SettingChange>)
		.describe("Where `config` differs from the defaults, which are the paper's values."),
	preset: z
		.object({ name: presetShape.name, version: presetShape.version, overrides: z.array(options) })
		.nullable()
		.describe('The preset that tuning started from, and the settings given with it; null if the run does not say.'),
	versions: z.object({
		naptune,
		engine: engine.shape.version,
		device: engine.shape.device,
		threads: engine.shape.threads,
	}),
	trace: z.object({
		text: z.array(tracedBlockSchema),
		image: z.array(tracedBlockSchema),
		outputs: z
			.object({
				textFeatures: z.tuple([z.number(), z.number()]),
				imageFeatures: z.tuple([z.string(), z.number()]),
				logits: z.tuple([z.string(), z.number()]),
			})
			.describe('Shapes of the outputs of the towers, and of the logits.'),
	}),
	parameters: z.object({
		groups: z.array(parameterGroupSchema),
		total: count,
		frozen: count.describe('Parameters of the CLIP, all frozen.'),
	}),
	epochs: z.array(epochForm.schema).describe('The learning curves.'),
})

/** Everything known about a run. */
export type RunInspection = Immutable<z.output<typeof runInspectionSchema>>

const savedProgress = z.object({
	step: z.int().nonnegative(),
	usage: z.object({ seconds: z.number() }),
	history: z.object({ epochsAtChance: z.int().nonnegative() }),
})

/**
 * Inspects a run. It reads the header and fingerprint of the checkpoint, but no parameters of the run.
 * @param directory As given to `tune`.
 * @param model New location of the model; default: the recorded one.
 * @throws NaptuneError if there is no run, its files are damaged, or the model is missing or different.
 */
export async function inspectRun(directory: string, model?: string): Promise<RunInspection> {
	const { clip, defense, description: run } = await openRun(directory, model)
	const { dataset, training, config, preset } = run
	const { source, family, sha256 } = run.model
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
		model: { source, ...defined({ family }), sha256 },
		data: { ...dataset, images: training.images },
		config,
		changed: settingChanges(plain(tuningConfig({})), config),
		preset: preset ? { name: preset.name, version: preset.version, overrides: preset.overrides } : null,
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
		layers.map(
			({ changed, ...layer }, block): TracedBlock => ({
				block,
				...layer,
				refined: changed,
				shape: [rows, layer.tokens + layer.prompts, width],
			}),
		)
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
		const { optimizerSteps, seconds, epochsAtChance } = await readRecord(runResultForm, result)
		return { finished: true, steps: optimizerSteps, seconds, epochsAtChance }
	}
	if (!existsSync(state)) return { finished: false, steps: 0, seconds: null, epochsAtChance: 0 }
	const { metadata } = await readSafetensorsHeader(state)
	const { step, usage, history } = savedProgressOf(metadata.progress, state)
	return { finished: false, steps: step, seconds: usage.seconds, epochsAtChance: history.epochsAtChance }
}

function savedProgressOf(text: string | undefined, path: string): z.output<typeof savedProgress> {
	const parsed = savedProgress.safeParse(json(text))
	if (parsed.success) return parsed.data
	throw new NaptuneError(
		'NAP_FILE_DAMAGED',
		`${path} is damaged, or from a version whose runs this version cannot read:\n${z.prettifyError(parsed.error)}\nRestore the run directory.`,
	)
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

/** What a tuning run is and where it stands, finished or not. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { elementCount } from '../../core/tensor.js'
import type { Defense, LayerLayout } from '../../defenses/defense.js'
import { readSafetensorsHeader } from '../../files/safetensors.js'
import { tuningConfig } from '../../methods/tuning/configuration.js'
import { stepsOfEpoch } from '../../methods/tuning/training-images.js'
import { runFiles } from '../../records/names.js'
import { readRecord } from '../../records/record-kind.js'
import { type RunDescription, runResultForm } from '../../records/run.js'
import { type SettingChange, settingChanges } from '../../records/settings.js'
import type { ClipModel } from '../../vlm/model.js'
import { type EpochPoint, readLearningCurves } from './learning-curves.js'
import { type ParameterGroup, parameterGroups } from './parameter-groups.js'
import { openRun } from './tuned-run.js'

/** What enters one block of a tower. */
export interface TracedBlock extends LayerLayout {
	/** Counted from 0. */
	readonly block: number
	/** Of the tokens with the context vectors: [B, N, width]; text has one row per prompt instead of B. */
	readonly shape: readonly [number | string, number, number]
}

/** How far a run has come. */
export interface RunProgress {
	readonly finished: boolean
	/** Optimizer steps that are saved, and those of the whole run. */
	readonly steps: number
	readonly totalSteps: number
	/** Epochs in the log, and those of the whole run. */
	readonly epochs: number
	readonly totalEpochs: number
	/** Wall-clock time up to the last saved state; null before the first. */
	readonly seconds: number | null
	/** Latest epochs in a row at chance; above 0 the parameters are worth nothing. */
	readonly epochsAtChance: number
}

/** All that is known of a run. */
export interface RunInspection {
	readonly directory: string
	readonly progress: RunProgress
	readonly defense: { readonly name: string; readonly options: Readonly<Record<string, unknown>> }
	readonly model: Pick<RunDescription['model'], 'source' | 'sha256'>
	readonly data: RunDescription['dataset'] & { readonly images: number }
	readonly config: RunDescription['config']
	/** Where `config` differs from the defaults, which are the paper's values. */
	readonly changed: readonly SettingChange[]
	/** The preset that tuning started from, and what was asked for beside it; null where the run does not say. */
	readonly preset: Pick<NonNullable<RunDescription['preset']>, 'name' | 'version' | 'overrides'> | null
	readonly versions: {
		readonly naptune: string
		readonly engine: string
		readonly device: string
		readonly threads: number
	}
	readonly trace: {
		readonly text: readonly TracedBlock[]
		readonly image: readonly TracedBlock[]
		/** Shapes of what the towers give and of the logits. */
		readonly outputs: {
			readonly textFeatures: readonly [number, number]
			readonly imageFeatures: readonly [string, number]
			readonly logits: readonly [string, number]
		}
	}
	readonly parameters: {
		readonly groups: readonly ParameterGroup[]
		readonly total: number
		/** Of the CLIP, all of which stay as they are. */
		readonly frozen: number
	}
	readonly epochs: readonly EpochPoint[]
}

const savedProgress = z.object({
	step: z.int().nonnegative(),
	usage: z.object({ seconds: z.number() }),
	history: z.object({ epochsAtChance: z.int().nonnegative() }),
})

/**
 * Looks at a run. Of the checkpoint the header and the fingerprint are read, of the run no parameters.
 * @param directory As given to `tune`.
 * @param model Where the model lies now; by default where it was.
 * @throws NaptuneError when there is no run, its files are damaged, or the model is not the same or gone.
 */
export async function inspectRun(directory: string, model?: string): Promise<RunInspection> {
	const { clip, defense, description: run } = await openRun(directory, model)
	const { dataset, training, config, preset } = run
	const { source, sha256 } = run.model
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
		model: { source, sha256 },
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
		`${path} is damaged, or of a run that this version does not read:\n${z.prettifyError(parsed.error)}\nRestore the run directory.`,
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

/** The configuration of a tuning run, and named presets as data files. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { NaptuneError } from '../errors.js'
import { tuningLosses } from './losses.js'

/** Options of a tuning run with the paper's values as defaults. */
export const tuningConfigSchema = z.strictObject({
	/** Method and its options. */
	defense: z
		.strictObject({ name: z.string(), options: z.record(z.string(), z.unknown()).default({}) })
		.default({ name: 'nap', options: {} }),
	/** Training images per class. */
	shots: z.int().positive().default(16),
	/** Seed of the few-shot sample, of initial values, order and augmentation. */
	seed: z.int().nonnegative().default(1),
	epochs: z.int().positive().default(90),
	/** Images per optimizer step; capped at the number of training images. */
	batchSize: z.int().positive().default(512),
	/** Images that go through the engine at once; gradients add up exactly to the batch's mean. */
	microBatchSize: z.int().positive().default(32),
	/** Classes whose text features are computed at once. */
	classesPerChunk: z.int().positive().default(64),
	loss: z.enum([...tuningLosses.keys()] as [string, ...string[]]).default('clean-plus-adversarial'),
	/** Weight of the adversarial loss over epochs (equation 17). */
	alpha: z
		.strictObject({
			kind: z.enum(['sigmoid', 'constant']).default('sigmoid'),
			alpha: z.number().nonnegative().default(5),
		})
		.default({ kind: 'sigmoid', alpha: 5 }),
	optimizer: z
		.strictObject({
			learningRate: z.number().positive().default(1e-4),
			/** Rate of the first epoch; null for no warm-up. */
			warmupRate: z.number().positive().nullable().default(1e-6),
			betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]).default([0.9, 0.999]),
			epsilon: z.number().positive().default(1e-8),
			weightDecay: z.number().nonnegative().default(5e-4),
		})
		.prefault({}),
	/** The inner attack, L-infinity. */
	attack: z
		.strictObject({
			/** In pixel units of [0, 1]. */
			epsilon: z
				.number()
				.min(0)
				.max(1)
				.default(1 / 255),
			steps: z.int().positive().default(5),
			/** Step size as a multiple of epsilon. */
			relativeStepSize: z.number().positive().default(0.3),
			start: z.enum(['zero', 'uniform']).default('zero'),
		})
		.prefault({}),
	/** `random-resized-crop` with flip (the reference), `crop-and-flip` for small pictures, or `none`. */
	augmentation: z.enum(['random-resized-crop', 'crop-and-flip', 'none']).default('random-resized-crop'),
	/** Whether a run that collapsed to chance stops with an explanation. */
	stopOnCollapse: z.boolean().default(true),
})

/** A validated configuration. */
export type TuningConfig = z.output<typeof tuningConfigSchema>

const directory = fileURLToPath(new URL('../../presets', import.meta.url))

/** A named, versioned configuration. */
export interface Preset {
	readonly name: string
	readonly version: number
	/** What it is for and why its values are what they are. */
	readonly doc: string
	/** Values that differ from the defaults of {@link tuningConfigSchema}. */
	readonly tuning: Readonly<Record<string, unknown>>
	/** Anything a command keeps beside it, such as the demo's test subset. */
	readonly evaluation?: Readonly<Record<string, unknown>>
}

const presetSchema = z.strictObject({
	name: z.string(),
	version: z.int().positive(),
	doc: z.string(),
	tuning: z.record(z.string(), z.unknown()),
	evaluation: z.record(z.string(), z.unknown()).optional(),
})

/** Names of all presets. */
export async function presetNames(): Promise<string[]> {
	const files = await readdir(directory)
	return files.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : [])).sort()
}

/** Reads a preset. @throws NaptuneError for an unknown name, listing the known ones. */
export async function loadPreset(name: string): Promise<Preset> {
	const names = await presetNames()
	if (!names.includes(name)) throw new NaptuneError(`Unknown preset ${name}; choose one of ${names.join(', ')}.`)
	const { evaluation, ...preset } = presetSchema.parse(
		JSON.parse(await readFile(join(directory, `${name}.json`), 'utf8')),
	)
	return { ...preset, ...(evaluation ? { evaluation } : {}) }
}

/** Merges overrides into a preset's values (objects deeply) and fills in defaults. @throws NaptuneError listing wrong fields. */
export function tuningConfig(...layers: readonly Readonly<Record<string, unknown>>[]): TuningConfig {
	const merged = layers.reduce((base, layer) => merge(base, layer), {})
	const parsed = tuningConfigSchema.safeParse(merged)
	if (!parsed.success)
		throw new NaptuneError(`The tuning configuration is not usable:\n${z.prettifyError(parsed.error)}`)
	return parsed.data
}

function merge(
	base: Readonly<Record<string, unknown>>,
	layer: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
	const result: Record<string, unknown> = { ...base }
	for (const [key, value] of Object.entries(layer)) {
		const before = result[key]
		result[key] = isRecord(before) && isRecord(value) ? merge(before, value) : value
	}
	return result
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
}

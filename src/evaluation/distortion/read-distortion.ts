/** Measurements of distortion read back. */

import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { readJsonFile } from '../../files/json-file.js'
import type { DistortionRecord } from './recorded-distortion.js'

const estimate = z.looseObject({ mean: z.number(), interval: z.tuple([z.number(), z.number()]) })
const distance = z.looseObject({
	absolute: estimate,
	relative: estimate,
	norm: estimate,
	spread: z.number(),
	overSpread: estimate.nullable(),
})
const place = z.looseObject({ tokens: distance, classToken: distance })
const settings = z.record(z.string(), z.unknown())
const recordSchema = z.looseObject({
	kind: z.literal('distortion'),
	format: z.literal(1),
	models: z.array(z.looseObject({ name: z.string(), options: settings })).min(1),
	attack: z.looseObject({ name: z.string(), options: settings }),
	threatModel: z.looseObject({ norm: z.enum(['linf', 'l2']), epsilon: z.number().nonnegative() }),
	seed: z.int().nonnegative(),
	dataset: z.looseObject({ name: z.string(), split: z.string(), images: z.int().positive() }),
	measurements: z
		.array(
			z.looseObject({
				tower: z.string(),
				perturbation: z.string(),
				layers: z.array(z.looseObject({ layer: z.int(), refined: z.boolean(), before: place, after: place })).min(1),
				features: distance,
			}),
		)
		.min(1),
})

/**
 * Reads a measurement as `recordedDistortion` writes it.
 * @throws NaptuneError when the file is missing or is none.
 */
export async function readDistortionRecord(path: string): Promise<DistortionRecord> {
	const parsed = recordSchema.safeParse(await readJsonFile(path))
	if (parsed.success) return parsed.data as unknown as DistortionRecord
	throw new NaptuneError(
		`${path} is not a measurement of distortion that this version reads:\n${z.prettifyError(parsed.error)}\nRestore it, or measure again with naptune distortion.`,
	)
}

/** Building blocks for record fields. */

import { z } from 'zod'

/** A whole number of at least 0. */
export const count = z.int().nonnegative()

/** A whole number of at least 1. */
export const positive = z.int().positive()

/** Wall-clock time in seconds. */
export const seconds = z.number().nonnegative()

/** A share in [0, 1]. */
export const share = z.number().min(0).max(1)

/** 64 lower-case hexadecimal digits. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256')

/** Options by name; JSON. */
export const options = z.record(z.string(), z.unknown())

/** A method by name, with all of its options. */
export const chosen = z.strictObject({ name: z.string(), options })

/** Options of which only these entries have a known schema; all others pass unchanged. */
export function optionsWith<Shape extends z.ZodRawShape>(shape: Shape) {
	// The first part keeps the order of entries.
	return options.and(z.looseObject(shape))
}

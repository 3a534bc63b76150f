/** Audits as JSON: their shape, and what an audit under way keeps of itself. */

import { z } from 'zod'
import type { AttackRun } from './attack-run.js'
import type { AuditResult } from './audit-finding.js'

const count = z.int().nonnegative()
/** JSON writes null for what is no finite number; of a loss that is one too large. */
const number = z
	.number()
	.nullable()
	.transform((value) => value ?? Number.POSITIVE_INFINITY)
const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()])

/** One finding. */
export const auditResultSchema = z.strictObject({
	id: z.string(),
	meaning: z.string(),
	advice: z.string(),
	status: z.enum(['pass', 'warn', 'fail', 'not-applicable', 'information']),
	summary: z.string(),
	images: count,
	measured: z.record(z.string(), z.union([scalar, z.array(number)])),
})

const attackRunSchema = z.strictObject({
	key: z.string(),
	right: z.array(z.boolean()),
	losses: z.array(number),
	attacked: count,
	threatModel: z.strictObject({ norm: z.enum(['linf', 'l2']), epsilon: z.number().nonnegative() }),
	largest: z.number().nonnegative(),
	outside: count,
})

/** A line of the log of an audit under way. */
export type AuditLogEntry = { readonly attack: AttackRun } | { readonly result: AuditResult }

/** As {@link AuditLogEntry}. */
export const auditLogEntrySchema: z.ZodType<AuditLogEntry> = z.union([
	z.strictObject({ attack: attackRunSchema }),
	z.strictObject({ result: auditResultSchema }),
])

/** Audits, which show whether a measurement reflects robustness or merely a failing attack. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { evaluationSettingsShape } from './evaluation.js'
import { chosen, count, positive, seconds } from './parts/fields.js'
import { threatModelSchema } from './parts/threat-model.js'
import { type RecordOf, recordKind, type SettingsOf } from './record-form.js'

/** JSON writes null for a non-finite number; as a loss, null means one too large to represent. */
const number = z
	.number()
	.nullable()
	.transform((value) => value ?? Number.POSITIVE_INFINITY)

/** Outcome of a check. */
const status = z
	.enum(['pass', 'warn', 'fail', 'not-applicable', 'information'])
	.describe(
		'`fail`: do not trust the measured robustness. `warn`: look at this before you quote it. `information`: a number that is neither good nor bad.',
	)

/**
 * Outcome of a check. `fail`: do not trust the measured robustness. `warn`: look at this before you quote it. `information`: a
 * number that is neither good nor bad.
 */
export type AuditStatus = z.output<typeof status>

const measured = z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null(), z.array(number)]))

/** The measured values; JSON. */
export type Measured = Immutable<z.output<typeof measured>>

/** One finding. */
export const auditResultSchema = z.strictObject({
	id: z.string().describe('Stable name of the check, in kebab-case.'),
	meaning: z.string().describe('What holds for an honest model, in one sentence.'),
	advice: z.string().describe('What to do if it does not hold.'),
	status,
	summary: z.string().describe('One line with the numbers.'),
	images: count.describe('Images behind the numbers.'),
	measured,
})

/** A finding with its check. */
export type AuditResult = Immutable<z.output<typeof auditResultSchema>>

/** One attack of an audit on all its images. */
export const attackRunSchema = z.strictObject({
	key: z.string().describe('Everything that determines the attack.'),
	right: z
		.array(z.boolean())
		.describe('Per image: whether the model is right when clean and after everything in the key.'),
	losses: z
		.array(number)
		.describe('Cross entropy per image after the attack, or of the clean image if it was not attacked.'),
	attacked: count.describe('Number of attacked images.'),
	threatModel: threatModelSchema,
	largest: z.number().nonnegative().describe('The largest perturbation, in the norm of the threat model.'),
	outside: count.describe('Entries outside [0, 1] or not finite.'),
})

/** Outcomes of the images under one attack of an audit; JSON. */
export type AttackRun = Immutable<z.output<typeof attackRunSchema>>

/** A line of the log of an audit under way. */
export const auditLogEntrySchema = z.union([
	z.strictObject({ attack: attackRunSchema }),
	z.strictObject({ result: auditResultSchema }),
])

const effort = z.strictObject({
	steps: positive.describe('Gradient steps of the strongest PGD; others take fewer.'),
	queries: positive.describe('Queries of the attack without gradients.'),
})

/** The budget of an audit. */
export type AuditEffort = Immutable<z.output<typeof effort>>

const requirement = z.strictObject({
	epsilon: z.number().nonnegative().describe('Size in the norm of the audit, in pixel units of [0, 1].'),
	below: z.number().describe('Its accuracy under attack must be below this, over all images.'),
	ofClean: z.boolean().describe('Whether `below` is a share of its clean accuracy instead.'),
})

/** How far an undefended model must fall before an attack counts as working. */
export type ControlRequirement = Immutable<z.output<typeof requirement>>

const { attack: _, knowledge: __, knownModel: ___, target: ____, ...audited } = evaluationSettingsShape

/** Records of audits. */
export const auditKind = recordKind({
	title: 'the record of an audit',
	doc: 'Whether the measured robustness of a model is real, or only an attack that failed (naptune audit).',
	advice: 'Restore it, or audit again.',
	settings: {
		kind: z.literal('audit'),
		...audited,
		effort,
		control: z.strictObject({ ...chosen.shape, requirements: z.array(requirement) }),
	},
	found: {
		passed: z.boolean().describe('Whether no check failed.'),
		results: z.array(auditResultSchema).describe('Results in the order of the checks.'),
		seconds: seconds.describe('Wall-clock time, summed over all processes that worked on it.'),
		threads: positive,
		batchSize: positive,
	},
})

/** The settings that determine an audit; JSON. */
export type AuditSettings = SettingsOf<typeof auditKind>

/** A finished audit. */
export type AuditRecord = RecordOf<typeof auditKind>

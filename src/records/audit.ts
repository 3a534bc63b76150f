/** Audits: whether what was measured is robustness, or an attack that did not work. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { evaluationSettingsShape } from './evaluation.js'
import { chosen, count, positive, seconds } from './parts/fields.js'
import { threatModelSchema } from './parts/threat-model.js'
import { type RecordOf, recordKind, type SettingsOf } from './record-form.js'

/** JSON writes null for what is no finite number; of a loss that is one too large. */
const number = z
	.number()
	.nullable()
	.transform((value) => value ?? Number.POSITIVE_INFINITY)

/** How a check ends. */
const status = z
	.enum(['pass', 'warn', 'fail', 'not-applicable', 'information'])
	.describe(
		'`fail`: the measured robustness cannot be trusted. `warn`: something to look at before it is quoted. `information`: a number that is neither good nor bad.',
	)

/**
 * How a check ends. `fail`: the measured robustness cannot be trusted. `warn`: something to look at before it is quoted.
 * `information`: a number that is neither good nor bad.
 */
export type AuditStatus = z.output<typeof status>

const measured = z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null(), z.array(number)]))

/** What was measured; JSON. */
export type Measured = Immutable<z.output<typeof measured>>

/** One finding. */
export const auditResultSchema = z.strictObject({
	id: z.string().describe('Stable name of the check, in kebab-case.'),
	meaning: z.string().describe('What is true of an honest model, in one sentence.'),
	advice: z.string().describe('What to do where it is not.'),
	status,
	summary: z.string().describe('One line with the numbers.'),
	images: count.describe('Images that the numbers rest on.'),
	measured,
})

/** A finding with the check that it is of. */
export type AuditResult = Immutable<z.output<typeof auditResultSchema>>

/** One attack of an audit on all its images. */
export const attackRunSchema = z.strictObject({
	key: z.string().describe('Everything that decides it.'),
	right: z
		.array(z.boolean())
		.describe('By image: whether it is right when clean and after everything that the key names.'),
	losses: z
		.array(number)
		.describe('Cross entropy by image after the attack; of the clean image where it was not attacked.'),
	attacked: count.describe('Images that were attacked.'),
	threatModel: threatModelSchema,
	largest: z.number().nonnegative().describe('The largest perturbation, in the norm of the threat model.'),
	outside: count.describe('Entries outside [0, 1] or not finite.'),
})

/** What became of the images under one attack of an audit; JSON. */
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

/** How much is spent. */
export type AuditEffort = Immutable<z.output<typeof effort>>

const requirement = z.strictObject({
	epsilon: z.number().nonnegative().describe('In the norm of the audit, in pixel units of [0, 1].'),
	below: z.number().describe('Its accuracy under attack must be below this, over all images.'),
	ofClean: z.boolean().describe('Whether `below` is a share of its clean accuracy instead.'),
})

/** How far an undefended model must fall for an attack to count as one that works. */
export type ControlRequirement = Immutable<z.output<typeof requirement>>

const { attack: _, knowledge: __, knownModel: ___, target: ____, ...audited } = evaluationSettingsShape

/** Records of audits. */
export const auditKind = recordKind({
	title: 'the record of an audit',
	doc: 'Whether what was measured of a model is robustness, or an attack that did not work (naptune audit).',
	advice: 'Restore it, or audit again.',
	settings: {
		kind: z.literal('audit'),
		...audited,
		effort,
		control: z.strictObject({ ...chosen.shape, requirements: z.array(requirement) }),
	},
	found: {
		passed: z.boolean().describe('Whether no check failed.'),
		results: z.array(auditResultSchema).describe('In the order of the checks.'),
		seconds: seconds.describe('Wall-clock time of all processes that worked on it.'),
		threads: positive,
		batchSize: positive,
	},
})

/** What decides an audit; JSON. */
export type AuditSettings = SettingsOf<typeof auditKind>

/** A finished audit. */
export type AuditRecord = RecordOf<typeof auditKind>

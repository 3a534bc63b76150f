/** The input of an audit. */

import type { ImageStreams } from '../../attacks/run/image-streams.js'
import type { AttackImages } from '../../attacks/run/run-attack.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import type { AttackedThrough } from '../../defenses/test-time/test-time-defense.js'
import type { AuditEffort, ControlRequirement } from '../../records/audit.js'

export type { AuditEffort, ControlRequirement } from '../../records/audit.js'

/** A model without the defense, for the same classes. */
export interface AuditControl {
	readonly classifier: Classifier
	readonly requirements: readonly ControlRequirement[]
}

/** A model as an attacker with partial knowledge sees it. */
export interface AuditView {
	readonly classifier: Classifier
	/** What this view hides, as in "with {hides}". */
	readonly hides: string
}

/** The model to audit, and those to compare it with. */
export interface AuditSubject {
	readonly model: Classifier
	/** The model as an attacker who knows only its prompts sees it; missing if there is nothing else to know. */
	readonly promptAware?: AuditView
	readonly control?: AuditControl
	/** What optimises at inference, if anything does. */
	readonly testTime?: { readonly name: string; readonly attackedThrough: AttackedThrough }
}

/** Efforts by name. */
export const auditEfforts = {
	full: { steps: 100, queries: 1000 },
	quick: { steps: 40, queries: 300 },
} as const satisfies Readonly<Record<string, AuditEffort>>

/** Everything that an audit needs. */
export interface AuditInput extends AuditSubject {
	/** Labelled images, all held in memory. */
	readonly images: AttackImages
	readonly threatModel: ThreatModel
	/** Random streams of attacks and noise. */
	readonly streams: ImageStreams
	/** Images per batch, default 50; on the CPU it affects no result. */
	readonly batchSize?: number
	/** Default: full. */
	readonly effort?: AuditEffort
	/** Stops after the current batch. */
	readonly signal?: AbortSignal
}

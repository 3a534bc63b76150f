/** What an audit is given. */

import type { ImageStreams } from '../../attacks/run/image-streams.js'
import type { AttackImages } from '../../attacks/run/run-attack.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import type { AttackedThrough } from '../../defenses/test-time/test-time-defense.js'
import type { AuditEffort, ControlRequirement } from '../../records/audit.js'

export type { AuditEffort, ControlRequirement } from '../../records/audit.js'

/** A model without defense, of the same classes. */
export interface AuditControl {
	readonly classifier: Classifier
	readonly requirements: readonly ControlRequirement[]
}

/** A model as an attacker sees it who does not know all of it. */
export interface AuditView {
	readonly classifier: Classifier
	/** What stays hidden, as in "with {hides}". */
	readonly hides: string
}

/** The model that is audited, and those that it is compared with. */
export interface AuditSubject {
	readonly model: Classifier
	/** The model as an attacker sees it who knows its prompts only; missing where that is all of it. */
	readonly promptAware?: AuditView
	readonly control?: AuditControl
	/** What optimises at inference, where something does. */
	readonly testTime?: { readonly name: string; readonly attackedThrough: AttackedThrough }
}

/** Efforts by name. */
export const auditEfforts = {
	full: { steps: 100, queries: 1000 },
	quick: { steps: 40, queries: 300 },
} as const satisfies Readonly<Record<string, AuditEffort>>

/** What an audit needs. */
export interface AuditInput extends AuditSubject {
	/** Labelled images; all are held in memory. */
	readonly images: AttackImages
	readonly threatModel: ThreatModel
	/** Random streams of attacks and noise. */
	readonly streams: ImageStreams
	/** Images per batch, default 50; nothing depends on it on the CPU. */
	readonly batchSize?: number
	/** Default full. */
	readonly effort?: AuditEffort
	/** Stops after the batch under way. */
	readonly signal?: AbortSignal
}

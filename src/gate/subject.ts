/** What a gate decides on: any model, with the images of its sample as it reads them. */

import type { AttackImages } from '../attacks/run/run-attack.js'
import type { ThreatModel } from '../attacks/sets/threat-model.js'
import type { Classifier } from '../classifier/classifier.js'
import type { AuditSubject } from '../evaluation/audit/audit-input.js'
import type { subjectKinds } from '../records/gate.js'

/** Images with their true classes, without targets. */
export type GateImages = Omit<AttackImages, 'targets'>

/** A model that a gate decides on. */
export interface GateSubject {
	readonly kind: (typeof subjectKinds)[number]
	/** What a person calls it. */
	readonly name: string
	/** Everything of it that decides outcomes but the images; JSON. */
	readonly content: unknown
	readonly classifier: Classifier
	/** The sample in the order in which it is looked at. */
	readonly images: GateImages
	/** What a person must be told before the verdict is believed. */
	readonly notices: readonly string[]
	/** The model as audits take it. @param model To be audited in its place: the same one, decorated. */
	audited(
		model: Classifier,
		threatModel: ThreatModel,
	): Promise<{ readonly subject: AuditSubject; release(): Promise<void> }>
	/** Idempotent. */
	release(): Promise<void>
}

/** A check of an audit. */

import type { AuditContext } from './audit-context.js'
import type { AuditFinding } from './audit-finding.js'

/** A check. It keeps nothing between audits. */
export interface AuditCheck {
	/** Stable name, in kebab-case. */
	readonly id: string
	/** What holds for an honest model, in one sentence. */
	readonly meaning: string
	/** What to do otherwise. */
	readonly advice: string
	/** Measures. @throws NaptuneError if it cannot measure, which counts as a failure. */
	run(context: AuditContext): Promise<AuditFinding>
}

/** What a check of an audit is. */

import type { AuditContext } from './audit-context.js'
import type { AuditFinding } from './audit-finding.js'

/** A check. It holds nothing between audits. */
export interface AuditCheck {
	/** Stable name, in kebab-case. */
	readonly id: string
	/** What is true of an honest model, in one sentence. */
	readonly meaning: string
	/** What to do where it is not. */
	readonly advice: string
	/** Measures. @throws NaptuneError where it cannot be measured, which counts as a failure. */
	run(context: AuditContext): Promise<AuditFinding>
}

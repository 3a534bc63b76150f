/** What a check of an audit is, and what it finds. */

import type { AuditResult, AuditStatus } from '../../records/audit.js'
import type { AuditContext } from './audit-context.js'

export type { AuditResult, AuditStatus, Measured } from '../../records/audit.js'

/** What one check found. */
export type AuditFinding = Omit<AuditResult, 'id' | 'meaning' | 'advice'>

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

/** A check that has nothing to measure. */
export function notApplicable(summary: string): AuditFinding {
	return { status: 'not-applicable', summary, images: 0, measured: {} }
}

/** The worst of several statuses. */
export function worstStatus(statuses: readonly AuditStatus[]): AuditStatus {
	const order: readonly AuditStatus[] = ['fail', 'warn', 'pass', 'information']
	return order.find((status) => statuses.includes(status)) ?? 'not-applicable'
}

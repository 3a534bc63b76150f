/** Findings of audit checks. */

import type { AuditResult, AuditStatus } from '../../records/audit.js'

/** The finding of one check. */
export type AuditFinding = Omit<AuditResult, 'id' | 'meaning' | 'advice'>

/** A check without anything to measure. */
export function notApplicable(summary: string): AuditFinding {
	return { status: 'not-applicable', summary, images: 0, measured: {} }
}

/** The worst of several statuses. */
export function worstStatus(statuses: readonly AuditStatus[]): AuditStatus {
	const order: readonly AuditStatus[] = ['fail', 'warn', 'pass', 'information']
	return order.find((status) => statuses.includes(status)) ?? 'not-applicable'
}

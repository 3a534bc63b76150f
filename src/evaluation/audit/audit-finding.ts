/** What the checks of an audit find. */

import type { AuditResult, AuditStatus } from '../../records/audit.js'

/** What one check found. */
export type AuditFinding = Omit<AuditResult, 'id' | 'meaning' | 'advice'>

/** A check that has nothing to measure. */
export function notApplicable(summary: string): AuditFinding {
	return { status: 'not-applicable', summary, images: 0, measured: {} }
}

/** The worst of several statuses. */
export function worstStatus(statuses: readonly AuditStatus[]): AuditStatus {
	const order: readonly AuditStatus[] = ['fail', 'warn', 'pass', 'information']
	return order.find((status) => statuses.includes(status)) ?? 'not-applicable'
}

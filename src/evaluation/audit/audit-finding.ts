/** What the checks of an audit find. */

/**
 * How a check ends. `fail`: the measured robustness cannot be trusted. `warn`: something to look at before it is quoted.
 * `information`: a number that is neither good nor bad.
 */
export type AuditStatus = 'pass' | 'warn' | 'fail' | 'not-applicable' | 'information'

/** What was measured; JSON. */
export type Measured = Readonly<Record<string, number | string | boolean | null | readonly number[]>>

/** What one check found. */
export interface AuditFinding {
	readonly status: AuditStatus
	/** One line with the numbers. */
	readonly summary: string
	/** Images that the numbers rest on. */
	readonly images: number
	readonly measured: Measured
}

/** A finding with the check that it is of. */
export interface AuditResult extends AuditFinding {
	readonly id: string
	readonly meaning: string
	readonly advice: string
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

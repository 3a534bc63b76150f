/** An audit: all checks on one model. */

import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import type { AuditRecord, AuditResult } from '../../records/audit.js'
import type { AttackRun } from './attack-run.js'
import type { AuditCheck } from './audit-check.js'
import { createAuditContext } from './audit-context.js'
import type { AuditFinding } from './audit-finding.js'
import type { AuditInput } from './audit-input.js'
import { auditChecks } from './registry.js'

/** Hooks, and the results of an interrupted audit with the same settings. */
export interface AuditHooks {
	readonly earlier?: { readonly results: readonly AuditResult[]; readonly attacks: readonly AttackRun[] }
	/** Called before a check, with the number of checks done. */
	readonly onCheck?: (id: string, done: number) => void
	/** Called before an attack. @param description Such as `pgd-100 at 3/255 against model`. */
	readonly onAttack?: (description: string) => void
	/** Called after a check; keep the result for a resume. */
	readonly onResult?: (result: AuditResult) => Promise<void>
	/** Called after an attack; keep the run for a resume. */
	readonly onAttackDone?: (run: AttackRun) => Promise<void>
}

/** The findings of an audit. */
export type Audit = Pick<AuditRecord, 'passed' | 'results'>

/**
 * Audits any classifier: whether the measurement shows robustness, or an attack that did not work. A check that cannot
 * measure fails.
 * @param checks Default: all.
 * @returns The findings, or undefined if the signal stopped the audit.
 * @throws NaptuneError if there are no images, or they cannot be read.
 */
export async function auditModel(
	input: AuditInput,
	{ earlier, onCheck, onAttack, onResult, onAttackDone }: AuditHooks = {},
	checks: readonly AuditCheck[] = auditChecks,
): Promise<Audit | undefined> {
	const context = await createAuditContext(input, {
		...defined({
			earlier: earlier ? earlier.attacks : undefined,
			onAttack: onAttack || undefined,
			onAttackDone: onAttackDone || undefined,
		}),
	})
	const known = new Map(earlier?.results.map((result) => [result.id, result]))
	const results: AuditResult[] = []
	for (const check of checks) {
		const { id, meaning, advice } = check
		if (input.signal?.aborted) return undefined
		onCheck?.(id, results.length)
		let result = known.get(id)
		if (!result) {
			try {
				result = { id, meaning, advice, ...(await measured(() => check.run(context))) }
			} catch (error) {
				if (input.signal?.aborted) return undefined
				throw error
			}
			await onResult?.(result)
		}
		results.push(result)
	}
	return { passed: !results.some(({ status }) => status === 'fail'), results }
}

/** A finding, also if a check throws. */
async function measured(run: () => Promise<AuditFinding>): Promise<AuditFinding> {
	try {
		return await run()
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		return { status: 'fail', summary: `could not be measured: ${error.message}`, images: 0, measured: {} }
	}
}

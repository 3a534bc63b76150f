/** Checks of an audit that a gate demands. */

import { z } from 'zod'
import { imageStreams } from '../attacks/run/image-streams.js'
import type { ThreatModel } from '../attacks/sets/threat-model.js'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { auditEfforts } from '../evaluation/audit/audit-input.js'
import { auditModel } from '../evaluation/audit/audit-model.js'
import { auditChecks } from '../evaluation/audit/registry.js'
import { type AuditResult, auditResultSchema } from '../records/audit.js'
import type { GateCheck, GateConfig } from '../records/gate.js'
import type { GateImages, GateSubject } from './subject.js'
import { type TimeBudget, withinBudget } from './time-budget.js'
import { keep, readKept } from './trial-cache.js'

/** The input of {@link auditSubject}. */
export interface GateAuditInput {
	readonly subject: GateSubject
	readonly wanted: NonNullable<GateConfig['audit']>
	/** The images of the audit, and what they are known by. */
	readonly images: GateImages
	readonly fingerprints: readonly string[]
	readonly threatModel: ThreatModel
	readonly seed: number
	readonly batchSize: number
	readonly budget: TimeBudget
	readonly cache: string
	/** What decides a finding beside all of that; JSON. */
	readonly content: unknown
	readonly signal: AbortSignal
	readonly onCheck?: (id: string, done: number) => void
}

/** @throws NaptuneError for a check that there is not. */
export function requireAuditChecks(ids: readonly string[]): void {
	const known = auditChecks.map(({ id }) => id)
	const unknown = ids.find((id) => !known.includes(id))
	if (unknown === undefined) return
	throw new NaptuneError(
		'NAP_NAME_UNKNOWN',
		`There is no audit check ${JSON.stringify(unknown)}; choose one of ${known.join(', ')}.${didYouMean(unknown, known)}`,
	)
}

/**
 * Runs the checks that a gate demands, in the order of the audit, or finds them in the cache.
 * @returns Undefined when stopped.
 * @throws OverBudget once the time is over.
 */
export async function auditSubject(input: GateAuditInput): Promise<readonly AuditResult[] | undefined> {
	const { subject, wanted, images, threatModel, seed, batchSize, budget, signal } = input
	const checks = auditChecks.filter(({ id }) => wanted.checks.includes(id))
	const settings = [
		input.content,
		{ audit: checks.map(({ id }) => id), effort: wanted.effort },
		threatModel,
		seed,
		input.fingerprints,
	]
	const kept = await readKept(input.cache, settings, z.array(auditResultSchema))
	if (kept) return kept
	budget.check()
	const { subject: audited, release } = await subject.audited(withinBudget(subject.classifier, budget), threatModel)
	try {
		const audit = await auditModel(
			{
				...audited,
				images,
				threatModel,
				streams: imageStreams(seed),
				batchSize,
				effort: auditEfforts[wanted.effort],
				signal,
			},
			input.onCheck ? { onCheck: input.onCheck } : {},
			checks,
		)
		if (!audit) return undefined
		await keep(input.cache, settings, audit.results)
		return audit.results
	} finally {
		await release()
	}
}

/** A demanded check before it is run, or where the time was over first. */
export function openAuditCheck(id: string): GateCheck {
	return {
		id: `audit.${id}`,
		title: `audit check ${id}`,
		status: 'undecided',
		summary: 'not run',
		images: 0,
		sample: 0,
		decidedBy: 'nothing',
	}
}

/** A finding as a check of the gate: what is demanded must not fail, and must not warn either. */
export function auditCheck({ id, status, summary, images }: AuditResult): GateCheck {
	const passes = status !== 'fail' && status !== 'warn'
	return {
		...openAuditCheck(id),
		status: passes ? 'pass' : 'fail',
		summary: status === 'pass' ? summary : `${status}: ${summary}`,
		images,
		sample: images,
		decidedBy: 'audit',
	}
}

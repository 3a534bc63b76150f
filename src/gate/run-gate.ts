/** A gate: every check that a configuration demands of a model, and the verdict that follows. */

import type { PreparedAttack } from '../attacks/attack-definition.js'
import { prepareAttack } from '../attacks/registry.js'
import { sizeText } from '../attacks/sets/size-text.js'
import { parseEpsilon, type ThreatModel, threatModel } from '../attacks/sets/threat-model.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { range } from '../core/rows.js'
import { stratifiedPositions } from '../data/subsets.js'
import { blindNotices } from '../evaluation/robustness/blind-notice.js'
import { jsonFingerprint } from '../records/fingerprint.js'
import type { Demands, GateBaseline, GateCheck, GateConfig, GateVerdict, Stopping, Verdict } from '../records/gate.js'
import { wilsonInterval } from '../statistics/wilson.js'
import { auditCheck, auditSubject, openAuditCheck, requireAuditChecks } from './audits.js'
import { baselineOutcomes, outcomeDigits } from './baseline.js'
import { type CheckInput, dropCheck, minimumCheck, type RunningCheck } from './checks.js'
import { attackOf, type CleanSample, type MeasureInput, measureAttack, measureClean } from './measure.js'
import type { GateSubject } from './subject.js'
import { OverBudget, type TimeBudget, withinBudget } from './time-budget.js'

/** The input of {@link runGate}. */
export interface GateInput {
	readonly subject: GateSubject
	readonly config: GateConfig
	/** Name and split of the data. */
	readonly dataset: Pick<GateVerdict['dataset'], 'name' | 'split'>
	/** What drops are measured against. */
	readonly baseline?: { readonly record: GateBaseline; readonly path: string }
	/** Whether a new baseline is made: on the whole sample, and compared with none. */
	readonly update: boolean
	readonly versions: GateVerdict['versions']
	readonly processor: string
	readonly batchSize: number
	readonly budget: TimeBudget
	/** Folder of the cache. */
	readonly cache: string
	readonly signal: AbortSignal
	/** Called with what is done now, with how much of it. */
	readonly onProgress?: (task: string, done: number, total: number, unit: string) => void
}

/** What a gate came to. */
export interface GateOutcome {
	readonly verdict: GateVerdict
	/** Of a gate that was asked for one and measured its whole sample, whatever its verdict. */
	readonly baseline?: GateBaseline
	/** Trials of attacks that were made in this call; the others were in the cache. */
	readonly made: number
}

/** An attack with what is demanded under it. */
interface GatedAttack {
	readonly key: string
	readonly title: string
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly demands: Demands
}

/**
 * Runs a gate.
 * @returns Undefined when stopped by the signal; what was measured is in the cache.
 * @throws NaptuneError for a configuration that cannot be met or run, or a baseline of other images or attacks.
 */
export async function runGate(input: GateInput): Promise<GateOutcome | undefined> {
	const { subject, config, update, budget, dataset, versions, processor } = input
	const { ids } = subject.images
	if (ids.length === 0)
		throw new NaptuneError('NAP_DATA_EMPTY', 'There are no images to decide on; choose another split.')
	const attacks = gatedAttacks(config)
	requireDemands(config, attacks)
	const stopping: Stopping = update ? { ...config.stopping, rule: 'never' } : config.stopping
	const measured = await measureAll(input, attacks, stopping)
	if (!measured) return undefined
	const { checks, clean, rights, made, notices } = measured
	const verdict: GateVerdict = {
		format: 1,
		kind: 'gate-verdict',
		verdict: verdictOf(checks, budget.over()),
		subject: { kind: subject.kind, name: subject.name, content: jsonFingerprint(subject.content) },
		config: jsonFingerprint(config),
		dataset: { ...dataset, images: ids.length, content: jsonFingerprint(clean?.fingerprints ?? ids) },
		seed: config.seed,
		stopping,
		checks,
		notices: [...subject.notices, ...protocolNotices(input), ...notices],
		versions,
		processor,
	}
	const whole = clean && rights.every((right) => right.length === ids.length)
	if (!update || !whole) return { verdict, made }
	const baseline: GateBaseline = {
		format: 1,
		kind: 'gate-baseline',
		subject: verdict.subject,
		images: [...ids],
		clean: outcomeDigits(clean.right),
		attacks: attacks.map(({ attack, threatModel: threat }, index) => ({
			attack: attackOf(attack),
			threatModel: threat,
			seed: config.seed,
			right: outcomeDigits(at(rights, index)),
		})),
		versions,
		processor,
	}
	return { verdict, baseline, made }
}

/** What weakens a verdict before anything is measured. */
function protocolNotices({ config, versions }: GateInput): string[] {
	return [
		...(config.split === 'train'
			? ['The sample consists of training images, and a model may be robust on those alone. Use the test split.']
			: []),
		...(versions.device === 'cpu'
			? []
			: [
					`On ${versions.device} outcomes may depend on the batch size; only on the CPU do the same inputs give the same bytes.`,
				]),
	]
}

/** Undecided where the time was over, whatever was found until then. */
function verdictOf(checks: readonly GateCheck[], over: boolean): Verdict {
	if (over || checks.some(({ status }) => status === 'undecided')) return 'undecided'
	return checks.some(({ status }) => status === 'fail') ? 'fail' : 'pass'
}

/** The attacks of a configuration. @throws NaptuneError for one that cannot be run, or twice the same. */
export function gatedAttacks(config: GateConfig): readonly GatedAttack[] {
	const found = config.attacks.map(({ attack: name, set, norm, epsilon, robust }): GatedAttack => {
		const attack = prepareAttack(name, set)
		if (attack.targeted || attack.reads.model === 'nothing') {
			throw new NaptuneError(
				'NAP_ATTACK_UNSUITABLE',
				`A gate cannot attack with ${name}: it needs ${attack.targeted ? 'a target class' : 'surrogates'}. Choose another, such as pgd-100.`,
			)
		}
		const threat = threatModel(norm, typeof epsilon === 'string' ? parseEpsilon(epsilon) : epsilon)
		const own = Object.keys(set).length > 0 ? `-${jsonFingerprint(attack.options).slice(0, 8)}` : ''
		const key = `${name}${own}-${norm}-${sizeText(threat)}`
		const title = `robust accuracy under ${name}${own ? ' with options' : ''}, ${norm === 'linf' ? 'L-infinity' : 'L2'} ${sizeText(threat)}`
		return { key, title, attack, threatModel: threat, demands: robust }
	})
	const twice = found.find(({ key }, index) => found.findIndex((other) => other.key === key) < index)
	if (!twice) return found
	throw new NaptuneError('NAP_OPTION_CONFLICT', `The configuration lists the attack ${twice.key} twice. Remove one.`)
}

/** @throws NaptuneError where nothing is demanded, or a drop without a baseline. */
function requireDemands(config: GateConfig, attacks: readonly GatedAttack[]): void {
	if (config.audit) requireAuditChecks(config.audit.checks)
	const idle = attacks.find(({ demands: { min, maxDrop } }) => min === undefined && maxDrop === undefined)
	if (idle) {
		throw new NaptuneError(
			'NAP_OPTION_MISSING',
			`The configuration requires nothing under ${idle.key}: give robust.min or robust.maxDrop.`,
		)
	}
	const drops = [config.clean, ...attacks.map(({ demands }) => demands)].some(
		(demands) => demands?.maxDrop !== undefined,
	)
	if (drops && !config.baseline) {
		throw new NaptuneError(
			'NAP_OPTION_MISSING',
			'The configuration limits a drop (maxDrop), but names no baseline: add "baseline": { "file": "naptune.gate.baseline.json" }.',
		)
	}
}

interface Measured {
	readonly checks: readonly GateCheck[]
	readonly clean: CleanSample | undefined
	/** By attack and image: whether the model is right, as far as it was looked at. */
	readonly rights: readonly (readonly boolean[])[]
	readonly made: number
	readonly notices: readonly string[]
}

async function measureAll(
	input: GateInput,
	attacks: readonly GatedAttack[],
	stopping: Stopping,
): Promise<Measured | undefined> {
	const { subject, config, batchSize, budget, cache, signal, versions, processor } = input
	const content = [subject.content, versions, processor]
	const common: MeasureInput = {
		classifier: withinBudget(subject.classifier, budget),
		images: subject.images,
		batchSize,
		budget,
		cache,
		content,
		signal,
	}
	const told = (task: string) => ({
		onImages: (done: number, total: number) => input.onProgress?.(task, done, total, 'images'),
	})
	const clean = await within(() => measureClean({ ...common, ...told('clean predictions') }))
	if (clean === 'stopped') return undefined
	const whole = clean === 'over' ? undefined : clean
	const everything = subject.images.ids.map(() => true)
	const cleanChecks = checksOf(input, config.clean, {
		id: 'clean',
		title: 'clean accuracy',
		possible: everything,
		stopping: { ...stopping, rule: 'never' },
	})
	for (const right of whole?.right ?? []) for (const check of cleanChecks) check.take(right)
	const found: GateCheck[] = cleanChecks.map((check) => check.result())
	const rights: (readonly boolean[])[] = []
	const notices = whole ? chanceNotice(whole, subject.classifier.classNames.length) : []
	let made = 0
	let over = clean === 'over'
	for (const gated of attacks) {
		const { key, title, attack, threatModel: threat, demands } = gated
		const about = { id: key, title, possible: whole?.right ?? everything, stopping }
		const checks = checksOf(input, demands, about, gated)
		if (!over && whole) {
			const attacked = await within(() =>
				measureAttack({
					...common,
					...told(`attacking by ${key}`),
					attack,
					threatModel: threat,
					seed: config.seed,
					clean: whole,
					checks,
					whole: input.update,
				}),
			)
			if (attacked === 'stopped') return undefined
			if (attacked === 'over') over = true
			else {
				made += attacked.made
				rights.push(attacked.outcomes.map(({ label, adversarialPrediction }) => adversarialPrediction === label))
				notices.push(...blindNotices(attacked.outcomes).map((text) => `${key}: ${text}`))
			}
		}
		found.push(...checks.map((check) => check.result()))
	}
	const audits = config.audit ? (over ? 'over' : await auditsOf(input, at(attacks, 0), whole, content)) : []
	if (audits === 'stopped') return undefined
	found.push(...(audits === 'over' ? (config.audit?.checks ?? []).map(openAuditCheck) : audits))
	return { checks: found, clean: whole, rights, made, notices }
}

/** What work gives, or why it gives nothing. */
async function within<T>(work: () => Promise<T | undefined>): Promise<T | 'over' | 'stopped'> {
	try {
		return (await work()) ?? 'stopped'
	} catch (error) {
		if (error instanceof OverBudget) return 'over'
		throw error
	}
}

function checksOf(
	{ baseline, config, subject, update }: GateInput,
	demands: Demands | undefined,
	about: CheckInput,
	gated?: GatedAttack,
): RunningCheck[] {
	const { min, maxDrop } = demands ?? {}
	const { level } = config.baseline ?? { level: 0 }
	return [
		...(min === undefined
			? []
			: [minimumCheck({ ...about, id: `${about.id}.min`, title: `${about.title}: minimum` }, min)]),
		...(maxDrop === undefined || update || !baseline
			? []
			: [
					dropCheck({
						...about,
						id: `${about.id}.max-drop`,
						title: `${about.title}: drop against the baseline`,
						baseline: baselineOutcomes(
							baseline.record,
							baseline.path,
							subject.images.ids,
							...(gated ? [{ ...gated, seed: config.seed }] : []),
						),
						maxDrop,
						level,
					}),
				]),
	]
}

async function auditsOf(
	input: GateInput,
	{ threatModel: threat }: GatedAttack,
	clean: CleanSample | undefined,
	content: unknown,
): Promise<readonly GateCheck[] | 'over' | 'stopped'> {
	const { subject, config, batchSize, budget, cache, signal } = input
	const { images } = subject
	const { audit: wanted, seed } = config
	if (!wanted || !clean) return 'over'
	const rows =
		wanted.images < images.ids.length
			? stratifiedPositions(images.labels, wanted.images, seed)
			: range(0, images.ids.length)
	const results = await within(() =>
		auditSubject({
			subject,
			wanted,
			images: {
				ids: rows.map((row) => at(images.ids, row)),
				labels: rows.map((row) => at(images.labels, row)),
				pixels: (positions) => images.pixels(positions.map((position) => at(rows, position))),
			},
			fingerprints: rows.map((row) => at(clean.fingerprints, row)),
			threatModel: threat,
			seed,
			batchSize,
			budget,
			cache,
			content,
			signal,
			...defined({
				onCheck: input.onProgress
					? (id: string, done: number) => input.onProgress?.(`auditing ${id}`, done, wanted.checks.length, 'checks')
					: undefined,
			}),
		}),
	)
	return typeof results === 'string' ? results : results.map(auditCheck)
}

function chanceNotice({ right }: CleanSample, classes: number): string[] {
	if (wilsonInterval(right.filter(Boolean).length, right.length)[0] > 1 / classes) return []
	return [
		`The clean accuracy is near chance for ${classes} classes. The input or the order of the classes may be declared wrong; the robustness of such a model means nothing.`,
	]
}

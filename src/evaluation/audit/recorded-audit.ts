/** An audit of a tuned CLIP as one JSON record: the findings, and everything that it takes to reproduce them. */

import { imageStreams } from '../../attacks/run/image-streams.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import { isEmbedded } from '../../checkpoints/checkpoint.js'
import { defined } from '../../core/defined.js'
import type { Dataset, Split } from '../../data/dataset.js'
import type { ChosenTestTimeDefense } from '../../defenses/test-time/registry.js'
import {
	type AuditRecord,
	type AuditResult,
	type AuditSettings,
	auditKind,
	auditLogEntrySchema,
} from '../../records/audit.js'
import { resumable, type WorkLog } from '../../records/resumable.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import { controlDefense } from '../deployed/control.js'
import { type DeployedModel, deployedClassifier } from '../deployed/deployed-classifier.js'
import { knownModel } from '../deployed/knowledge.js'
import { splitImages } from '../robustness/evaluate.js'
import { settingsOf } from '../robustness/recorded-evaluation.js'
import { testTimeClassifier } from '../test-time/test-time-classifier.js'
import { auditPgd } from './audit-context.js'
import { type AuditEffort, type AuditSubject, auditEfforts, type ControlRequirement } from './audit-input.js'
import { type AuditHooks, auditModel } from './audit-model.js'

export type { AuditRecord } from '../../records/audit.js'

/** The input of {@link recordedAudit}. */
export interface RecordedAuditInput extends DeployedModel {
	readonly engine: Engine
	readonly dataset: Dataset
	/** Name of the split, and the images of it to use. */
	readonly splitName: string
	readonly split: Split
	/** The test-time defense around the defense. */
	readonly testTime?: ChosenTestTimeDefense
	readonly threatModel: ThreatModel
	readonly seed: number
	/** Images per batch; default 50. */
	readonly batchSize?: number
	/** Default: full. */
	readonly effort?: AuditEffort
	/** Path of the record. A log lies beside it while the audit runs; repeat the call to resume. */
	readonly path: string
	readonly onCheck?: AuditHooks['onCheck']
	readonly onAttack?: AuditHooks['onAttack']
	/** Called with every finding, including those of an interrupted audit. */
	readonly onResult?: (result: AuditResult) => void
	/** Stops after the current batch. */
	readonly signal?: AbortSignal
}

/** Where undefended nano must break: at the demo's epsilon and far beyond. */
const embeddedRequirements: readonly ControlRequirement[] = [
	{ epsilon: 3 / 255, below: 0.25, ofClean: true },
	{ epsilon: 8 / 255, below: 0.01, ofClean: false },
]

/** Share of images that a published CLIP may still get right under attack. */
const nearZero = 0.02

/**
 * How far vanilla CLIP must fall. For nano, which is small and has coarse patches: below a quarter of its clean accuracy at
 * 3/255 and below 1 % at 8/255 (in L2, below a quarter at the epsilon of the audit). For a published CLIP: to nearly zero at
 * the epsilon of the audit.
 */
export function controlRequirements(clip: ClipModel, { norm, epsilon }: ThreatModel): readonly ControlRequirement[] {
	if (isEmbedded(clip.checkpoint)) {
		return norm === 'linf' ? embeddedRequirements : [{ epsilon, below: 0.25, ofClean: true }]
	}
	return [{ epsilon, below: nearZero, ofClean: false }]
}

/**
 * Audits a defense and writes the record; returns an existing record with the same settings.
 * @returns The record, or undefined if the signal stopped the audit; the log then lets the same call continue.
 * @throws NaptuneError if images cannot be read, the test-time defense does not suit the defense, `path` holds an audit with
 * other settings, or the record cannot be written.
 */
export async function recordedAudit(input: RecordedAuditInput): Promise<AuditRecord | undefined> {
	const { engine, clip, split, threatModel, seed, batchSize = 50, effort = auditEfforts.full, path } = input
	const settings = auditSettings(input, effort)
	const log = { suffix: '.log.jsonl', line: auditLogEntrySchema }
	let told = false
	const record = await resumable(auditKind, { path, settings, log, work })
	if (!told) for (const result of record?.results ?? []) input.onResult?.(result)
	return record

	async function work(log: WorkLog<typeof auditLogEntrySchema>): Promise<AuditRecord | undefined> {
		told = true
		const { subject, release } = await openSubject(input)
		const earlier = {
			results: log.earlier.flatMap((entry) => ('result' in entry ? [entry.result] : [])),
			attacks: log.earlier.flatMap((entry) => ('attack' in entry ? [entry.attack] : [])),
		}
		for (const result of earlier.results) input.onResult?.(result)
		const audit = await auditModel(
			{
				...subject,
				images: splitImages(clip, split),
				threatModel,
				streams: imageStreams(seed),
				batchSize,
				effort,
				...defined({ signal: input.signal || undefined }),
			},
			{
				earlier,
				...defined({
					onCheck: input.onCheck || undefined,
					onAttack: input.onAttack || undefined,
				}),
				onAttackDone: (attack) => log.append([{ attack }]),
				async onResult(result) {
					await log.append([{ result }])
					input.onResult?.(result)
				},
			},
		).finally(release)
		if (!audit) return undefined
		return { ...settings, ...audit, seconds: log.seconds(), threads: engine.threads, batchSize }
	}
}

function auditSettings(input: RecordedAuditInput, effort: AuditEffort): AuditSettings {
	const { attack: _, knowledge: __, ...settings } = settingsOf({ ...input, attack: auditPgd(effort.steps) })
	const { name, config } = controlDefense(input.clip, input.dataset)
	const requirements = controlRequirements(input.clip, input.threatModel)
	return { kind: 'audit', ...settings, effort, control: { name, options: config, requirements } }
}

/** What the classifiers of an audit are made from. */
export type AuditedModel = Pick<
	RecordedAuditInput,
	'engine' | 'clip' | 'dataset' | 'defense' | 'parameters' | 'testTime' | 'threatModel'
>

/** The classifiers of an audit: the model, vanilla as the control, and the model without all but its prompts. */
export async function openSubject(input: AuditedModel): Promise<{ subject: AuditSubject; release(): Promise<void> }> {
	const { engine, clip, dataset, defense, parameters, testTime, threatModel } = input
	const model = testTime
		? await testTimeClassifier(engine, { clip, defense, parameters }, testTime, dataset.train)
		: await deployedClassifier(engine, clip, defense, parameters)
	const control = await deployedClassifier(engine, clip, controlDefense(clip, dataset), {})
	const view = testTime ? undefined : defense.views.find(({ name }) => name === 'prompt-aware')
	const known =
		view &&
		knownModel({
			model: { clip, defense, parameters },
			dataset,
			attack: auditPgd(1),
			knowledge: view.name,
		})
	const promptAware = await known?.open(engine)
	return {
		subject: {
			model,
			control: { classifier: control, requirements: controlRequirements(clip, threatModel) },
			...defined({
				promptAware: promptAware && view ? { classifier: promptAware, hides: view.hides } : undefined,
				testTime: testTime ? { name: testTime.name, attackedThrough: testTime.attackedThrough } : undefined,
			}),
		},
		async release() {
			await model.release()
			await control.release()
			await promptAware?.release()
		},
	}
}

/** An evaluation as one JSON record: the numbers, per-image outcomes, and everything that it takes to reproduce them. */

import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { AttackCounts } from '../../attacks/run/tell-progress.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { type PassCounter, passCounter } from '../../classifier/pass-counter.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import { type Dataset, idsOf, type Split, subset } from '../../data/dataset.js'
import { type Defense, trainableParameters } from '../../defenses/defense.js'
import type { ChosenTestTimeDefense } from '../../defenses/test-time/registry.js'
import { packageVersion } from '../../files/package-version.js'
import { type EvaluationRecord, type EvaluationSettings, evaluationKind } from '../../records/evaluation.js'
import { fingerprint, jsonFingerprint } from '../../records/fingerprint.js'
import { earlierTrials, trialsLine } from '../../records/parts/outcome.js'
import { resumable, type WorkLog } from '../../records/resumable.js'
import { sameSettings, settingsIn } from '../../records/settings.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import {
	type FoundKnown,
	type Knowledge,
	type KnowledgeSetting,
	knownModel,
	usualKnowledge,
} from '../deployed/knowledge.js'
import { transferAttack } from '../deployed/transfer-attack.js'
import { testTimeClassifier } from '../test-time/test-time-classifier.js'
import { evaluate } from './evaluate.js'
import { keepImages } from './kept-images.js'
import { readEvaluationRecord } from './record.js'

export type { EvaluationRecord, EvaluationSettings } from '../../records/evaluation.js'

/** The input of {@link recordedEvaluation}. */
export interface RecordedEvaluationInput {
	readonly engine: Engine
	readonly clip: ClipModel
	readonly dataset: Dataset
	/** Name of the split, and the images of it to evaluate. */
	readonly splitName: string
	readonly split: Split
	readonly defense: Defense
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	/** The test-time defense around the defense. */
	readonly testTime?: ChosenTestTimeDefense
	/** Default: {@link usualKnowledge} of the attack. */
	readonly knowledge?: Knowledge
	/** The result of `knownModel` for model, data, attack and knowledge; by default computed here. */
	readonly known?: FoundKnown
	readonly attack: PreparedAttack
	/** Position of the target class, which a targeted attack needs. */
	readonly target?: number
	readonly threatModel: ThreatModel
	readonly seed: number
	/** Images per batch; default 50. */
	readonly batchSize?: number
	/**
	 * Whether to return a record at `path` with the same settings instead of remaking it. Default true; never if images are
	 * to be kept, because no record has them.
	 */
	readonly reuse?: boolean
	/** Path of the record. A log lies beside it while the evaluation runs; repeat the call to resume. */
	readonly path: string
	/**
	 * Folder of a store for the adversarial images: those that fool the model, the last ones tried if none does, and the
	 * clean ones of images that are already wrong. Images that an interrupted evaluation had not stored are made again.
	 */
	readonly keepImagesIn?: string
	/** Called after every pass through a model. */
	readonly onProgress?: (counts: AttackCounts) => void
	/** Stops after the current batch. */
	readonly signal?: AbortSignal
}

/**
 * Evaluates a defense and writes the record.
 * @returns The record, or undefined if the signal stopped it.
 * @throws NaptuneError if the defense has other classes than the data, images cannot be read, the test-time defense does not
 * suit the defense, the knowledge does not match attack and model, `path` holds a record with other settings, or it cannot
 * be written.
 */
export async function recordedEvaluation(input: RecordedEvaluationInput): Promise<EvaluationRecord | undefined> {
	requireSameClasses(input)
	const { engine, clip, split, batchSize = 50, path } = input
	const known = input.known ?? foundKnown(input)
	const settings = settingsOf({ ...input, known })
	// Before the log, which may start over.
	const kept = input.keepImagesIn ? await keepImages(input.keepImagesIn, settings, clip, split) : undefined
	const reuse = input.reuse !== false && !kept
	return resumable(evaluationKind, { path, settings, log: trialsLog, reuse, read: readEvaluationRecord, work })

	async function work(log: WorkLog<typeof trialsLine>): Promise<EvaluationRecord | undefined> {
		const result = await attackedSplit({ ...input, known }, log, kept)
		if (!result) return undefined
		return { ...settings, ...result, seconds: log.seconds(), threads: engine.threads, batchSize }
	}
}

/** What the name of a log of trials adds to that of the record which it becomes. */
export const outcomesSuffix = '.outcomes.jsonl'

const trialsLog = { suffix: outcomesSuffix, line: trialsLine }

/**
 * Evaluates some images of a split. Their trials stay in the log beside `path`; {@link recordedEvaluation} makes the record
 * from it once the trials of all images are there, whoever made them.
 * @param positions In the split.
 * @returns False when stopped by the signal.
 * @throws NaptuneError as {@link recordedEvaluation}.
 */
export async function evaluatedPart(
	input: Omit<RecordedEvaluationInput, 'keepImagesIn' | 'reuse'>,
	positions: readonly number[],
): Promise<boolean> {
	requireSameClasses(input)
	const { split, path } = input
	const known = input.known ?? foundKnown(input)
	const settings = settingsOf({ ...input, known })
	let done = false
	const record = await resumable(evaluationKind, {
		path,
		settings,
		log: trialsLog,
		read: readEvaluationRecord,
		async work(log): Promise<EvaluationRecord | undefined> {
			const result = await attackedSplit({ ...input, known, split: subset(split, positions) }, log)
			done = result !== undefined
			return undefined
		},
	})
	return done || record !== undefined
}

/** Attacks images, those left by the log, and adds every batch to it. @returns Undefined if the signal stopped it. */
async function attackedSplit(
	input: Omit<RecordedEvaluationInput, 'path' | 'keepImagesIn'>,
	{ earlier, append }: WorkLog<typeof trialsLine>,
	kept?: Awaited<ReturnType<typeof keepImages>>,
) {
	const { clip, split, threatModel, seed, batchSize = 50 } = input
	const passes = passCounter()
	const { classifier, attack, release } = await attackedModel(input, passes)
	return evaluate({
		clip,
		classifier,
		split,
		attack,
		threatModel,
		seed,
		batchSize,
		passes,
		...earlierTrials(earlier),
		keepImages: kept !== undefined,
		async onBatch(progress, batch) {
			// Images first: a trial in the log means that they are stored.
			await kept?.keep(progress)
			await append([batch])
		},
		...defined({
			target: input.target,
			isKept: kept ? kept.has : undefined,
			onProgress: input.onProgress || undefined,
			signal: input.signal || undefined,
		}),
	}).finally(release)
}

/**
 * A finished evaluation of a model whose parameters are unavailable: it compares everything that decides the outcomes except
 * those, and the versions, which need not be today's.
 * @returns Undefined if `path` has none, or one of something else.
 * @throws NaptuneError for a record that was changed.
 */
export async function finishedEvaluation(
	input: Omit<SettingsInput, 'parameters'> & Pick<RecordedEvaluationInput, 'path'>,
): Promise<EvaluationRecord | undefined> {
	if (!existsSync(input.path)) return undefined
	const record = await readEvaluationRecord(input.path)
	const { defense, versions } = record
	const settings = await settingsOf({ ...input, parameters: {} })
	const wanted = { ...settings, versions, defense: { ...settings.defense, parameters: defense.parameters } }
	const kind = evaluationKind.settings
	return sameSettings(kind, settingsIn(kind, record), wanted) ? record : undefined
}

/** Labels of the data are positions in the defense's classes. */
function requireSameClasses({ defense, dataset }: RecordedEvaluationInput): void {
	if (isDeepStrictEqual([...defense.classNames], [...dataset.classNames])) return
	throw new NaptuneError(
		'NAP_CLASSES_MISMATCH',
		`Defense ${defense.name} was prepared for the classes ${defense.classNames.join(', ')}, but ${dataset.name} has ${dataset.classNames.join(', ')}. Prepare it for the classes of the data.`,
	)
}

/** The classifier to try images on, and the attack that its knowledge allows. */
export async function attackedModel(
	input: Omit<RecordedEvaluationInput, 'path'>,
	passes: PassCounter,
): Promise<{ readonly classifier: Classifier; readonly attack: PreparedAttack; release(): Promise<void> }> {
	const { engine, clip, dataset, defense, parameters, testTime, attack } = input
	const { model: known } = input.known ?? foundKnown(input)
	const classifier = testTime
		? await testTimeClassifier(engine, { clip, defense, parameters }, testTime, dataset.train)
		: await deployedClassifier(engine, clip, defense, parameters)
	if (!known) return { classifier, attack, release: () => classifier.release() }
	const surrogate = await known.open(engine)
	return {
		classifier,
		attack: transferAttack(attack, passes.watch(surrogate)),
		async release() {
			await classifier.release()
			await surrogate.release()
		},
	}
}

function foundKnown(input: Parameters<typeof knowledgeSetting>[0]): FoundKnown {
	return { model: knownModel(knowledgeSetting(input)) }
}

function knowledgeSetting(
	input: Omit<SettingsInput, 'engine' | 'split' | 'splitName' | 'threatModel' | 'seed'>,
): KnowledgeSetting {
	const { clip, defense, parameters, dataset, attack, testTime, knowledge = usualKnowledge(attack) } = input
	return { model: { clip, defense, parameters }, dataset, attack, knowledge, testTime: testTime?.name }
}

/** The fields that {@link settingsOf} reads. */
export type SettingsInput = Pick<
	RecordedEvaluationInput,
	| 'engine'
	| 'clip'
	| 'splitName'
	| 'split'
	| 'defense'
	| 'parameters'
	| 'attack'
	| 'target'
	| 'threatModel'
	| 'seed'
	| 'testTime'
	| 'knowledge'
	| 'known'
> & { readonly dataset: Pick<Dataset, 'name' | 'origin' | 'notices' | 'classNames'> }

/** Everything that decides the outcomes of attacking a defense on images. */
export function settingsOf(input: SettingsInput): EvaluationSettings {
	const { engine, clip, dataset, splitName, split, defense, parameters, testTime, attack, threatModel, seed } = input
	const setting = knowledgeSetting(input)
	const { knowledge } = setting
	const known = (input.known ?? { model: knownModel(setting) }).model?.defense
	const knowsAll = knowledge === 'full'
	const { source, revision, sha256 } = clip.checkpoint
	return {
		format: 1,
		defense: {
			name: defense.name,
			options: defense.config,
			parameters: fingerprint(parameters),
			trainableParameters: trainableParameters(defense),
		},
		...defined({
			testTime: testTime
				? {
						name: testTime.name,
						options: testTime.options,
						attackedThrough: knowsAll ? testTime.attackedThrough : ('none' as const),
					}
				: undefined,
		}),
		knowledge,
		// Without its test-time defense, the known model is what `defense` says.
		...defined({ knownModel: known && known !== defense ? { name: known.name, options: known.config } : undefined }),
		attack: { name: attack.name, attack: attack.attack, source: attack.source, options: attack.options },
		...defined({ target: input.target }),
		threatModel,
		seed,
		model: { source, ...defined({ revision, family: clip.config.family }), sha256 },
		dataset: {
			name: dataset.name,
			origin: dataset.origin,
			notices: dataset.notices,
			split: splitName,
			images: split.length,
			ids: jsonFingerprint(idsOf(split)),
			classNames: dataset.classNames,
		},
		versions: { naptune: packageVersion(), engine: engine.version, device: engine.device },
	}
}

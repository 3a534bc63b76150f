/** An evaluation as one JSON record: the numbers, per-image outcomes, and everything that it takes to find them again. */

import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { AttackOutcome } from '../../attacks/run/attack-outcomes.js'
import type { AttackCounts } from '../../attacks/run/tell-progress.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { type PassCounter, type Passes, passCounter } from '../../classifier/pass-counter.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import { type Dataset, idsOf, type Split } from '../../data/dataset.js'
import { type Defense, trainableParameters } from '../../defenses/defense.js'
import type { ChosenTestTimeDefense } from '../../defenses/test-time/registry.js'
import type { AttackedThrough } from '../../defenses/test-time/test-time-defense.js'
import { packageVersion } from '../../files/package-version.js'
import { sha256OfBytes } from '../../files/sha256.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { type Knowledge, type KnowledgeSetting, knownModel, usualKnowledge } from '../deployed/knowledge.js'
import { transferAttack } from '../deployed/transfer-attack.js'
import { testTimeClassifier } from '../test-time/test-time-classifier.js'
import { type Accuracy, evaluate, type StageResult } from './evaluate.js'
import { keepImages } from './kept-images.js'
import { resumableRecord, trialSchema } from './outcome-log.js'
import { readEvaluationRecord } from './record.js'
import { sameSettings } from './same-settings.js'

/** What decides the outcomes of an evaluation; JSON. */
export interface EvaluationSettings {
	readonly format: 1
	readonly defense: {
		readonly name: string
		readonly options: Readonly<Record<string, unknown>>
		/** Of the parameters' bytes in the order of their names. */
		readonly parameters: string
		readonly trainableParameters: number
	}
	/** What is changed for each image when it is classified; missing where nothing is. */
	readonly testTime?: {
		readonly name: string
		readonly options: Readonly<Record<string, unknown>>
		/** How the attacker's gradient goes through it; `none` where the attacker does not know it. */
		readonly attackedThrough: AttackedThrough | 'none'
	}
	readonly knowledge: Knowledge
	/** The model that gradients are taken of, where the attacker does not know the attacked one. */
	readonly knownModel?: { readonly name: string; readonly options: Readonly<Record<string, unknown>> }
	readonly attack: Pick<PreparedAttack, 'name' | 'attack' | 'source' | 'options'>
	/** Position of the class that a targeted attack aims at. */
	readonly target?: number
	readonly threatModel: ThreatModel
	/** Seed of the attack's random choices. */
	readonly seed: number
	readonly model: { readonly source: string; readonly revision?: string; readonly sha256: string }
	readonly dataset: {
		readonly name: string
		readonly origin: Readonly<Record<string, unknown>>
		readonly notices: readonly string[]
		readonly split: string
		readonly images: number
		/** Of the image ids in order. */
		readonly ids: string
		readonly classNames: readonly string[]
	}
	readonly versions: { readonly naptune: string; readonly engine: string; readonly device: string }
}

/** A finished evaluation. */
export interface EvaluationRecord extends EvaluationSettings {
	readonly images: number
	readonly clean: Accuracy
	readonly robust: Accuracy
	/** Of a targeted attack: as in {@link EvaluationResult}. */
	readonly reached?: Accuracy
	/** Of an attack with several stages. */
	readonly stages?: readonly StageResult[]
	/** Wall-clock time; of a resumed evaluation only the last part. */
	readonly seconds: number
	/** Images passed through models; of a resumed evaluation only the last part. Missing in older records. */
	readonly passes?: Passes
	readonly threads: number
	readonly batchSize: number
	readonly outcomes: readonly AttackOutcome[]
}

/** What {@link recordedEvaluation} needs. */
export interface RecordedEvaluationInput {
	readonly engine: Engine
	readonly clip: ClipModel
	readonly dataset: Dataset
	/** Name of the split, and the images of it that are evaluated. */
	readonly splitName: string
	readonly split: Split
	readonly defense: Defense
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	/** What is around the defense when images are classified. */
	readonly testTime?: ChosenTestTimeDefense
	/** By default as {@link usualKnowledge} of the attack. */
	readonly knowledge?: Knowledge
	readonly attack: PreparedAttack
	/** Position of the class that a targeted attack aims at; it needs one. */
	readonly target?: number
	readonly threatModel: ThreatModel
	readonly seed: number
	/** Images per batch; default 50. */
	readonly batchSize?: number
	/**
	 * Give back the record at `path`, where it is a finished one under the same settings, rather than evaluate again. Not
	 * where images are to be kept, which no record has.
	 */
	readonly reuse?: boolean
	/** Path of the record. Beside it lies a log while the evaluation runs; the same call goes on from there. */
	readonly path: string
	/**
	 * Folder of a store for the adversarial images: those that fool, the last tried where none does, and the clean ones of
	 * images that are wrong already. What an evaluation that was cut off had not stored is made again.
	 */
	readonly keepImagesIn?: string
	/** Called after every pass through a model. */
	readonly onProgress?: (counts: AttackCounts) => void
	/** Stops after the batch under way. */
	readonly signal?: AbortSignal
}

/**
 * Evaluates a defense and writes the record.
 * @returns The record, or undefined when stopped by the signal.
 * @throws NaptuneError when the defense is for other classes than the data's, images cannot be read, the test-time defense
 * does not suit the defense, the knowledge does not fit attack and model, or the record cannot be written.
 */
export async function recordedEvaluation(input: RecordedEvaluationInput): Promise<EvaluationRecord | undefined> {
	requireSameClasses(input)
	const { engine, clip, split, threatModel, seed, batchSize = 50, path } = input
	const settings = await settingsOf(input)
	const reuse = input.reuse && input.keepImagesIn === undefined
	const finished = reuse && existsSync(path) ? await readEvaluationRecord(path) : undefined
	if (finished && isSameEvaluation(finished, settings)) return finished
	// Before the log, which may begin anew.
	const kept = input.keepImagesIn ? await keepImages(input.keepImagesIn, settings, clip, split) : undefined
	return resumableRecord(path, { suffix: '.outcomes.jsonl', settings, schema: trialSchema }, async (log) => {
		const passes = passCounter()
		const { classifier, attack, release } = await attackedModel(input, passes)
		const result = await evaluate({
			clip,
			classifier,
			split,
			attack,
			threatModel,
			...defined({ target: input.target }),
			seed,
			batchSize,
			passes,
			earlier: log.earlier,
			keepImages: kept !== undefined,
			...defined({ isKept: kept ? kept.has : undefined }),
			async onBatch(progress) {
				// Images first: a trial in the log says that they are stored.
				await kept?.keep(progress)
				await log.append(progress.trials)
			},
			...defined({
				onProgress: input.onProgress || undefined,
				signal: input.signal || undefined,
			}),
		}).finally(release)
		if (!result) return undefined
		return { ...settings, ...result, threads: engine.threads, batchSize }
	})
}

/** Labels of the data are read as positions in the defense's classes. */
function requireSameClasses({ defense, dataset }: RecordedEvaluationInput): void {
	if (isDeepStrictEqual([...defense.classNames], [...dataset.classNames])) return
	throw new NaptuneError(
		`Defense ${defense.name} was prepared for the classes ${defense.classNames.join(', ')}, but ${dataset.name} has ${dataset.classNames.join(', ')}. Prepare it for the classes of the data.`,
	)
}

function isSameEvaluation(record: EvaluationRecord, settings: EvaluationSettings): boolean {
	const keys = new Set([...Object.keys(settings), 'testTime', 'knownModel', 'target'])
	return sameSettings(Object.fromEntries(Object.entries(record).filter(([key]) => keys.has(key))), settings)
}

/** The classifier that images are tried on, and the attack as its knowledge allows. */
async function attackedModel(
	input: RecordedEvaluationInput,
	passes: PassCounter,
): Promise<{ readonly classifier: Classifier; readonly attack: PreparedAttack; release(): Promise<void> }> {
	const { engine, clip, dataset, defense, parameters, testTime, attack } = input
	const known = knownModel(knowledgeSetting(input))
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

function knowledgeSetting(
	input: Omit<SettingsInput, 'engine' | 'split' | 'splitName' | 'threatModel' | 'seed'>,
): KnowledgeSetting {
	const { clip, defense, parameters, dataset, attack, testTime, knowledge = usualKnowledge(attack) } = input
	return { model: { clip, defense, parameters }, dataset, attack, knowledge, testTime: testTime?.name }
}

/** What {@link settingsOf} reads. */
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
> & { readonly dataset: Pick<Dataset, 'name' | 'origin' | 'notices' | 'classNames'> }

/** Everything that decides the outcomes of attacking a defense on images. */
export async function settingsOf(input: SettingsInput): Promise<EvaluationSettings> {
	const { engine, clip, dataset, splitName, split, defense, parameters, testTime, attack, threatModel, seed } = input
	const setting = knowledgeSetting(input)
	const { knowledge } = setting
	const known = knownModel(setting)?.defense
	const knowsAll = knowledge === 'full'
	const { source, revision, sha256 } = clip.checkpoint
	const ids = idsOf(split)
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
		model: { source, ...defined({ revision }), sha256 },
		dataset: {
			name: dataset.name,
			origin: dataset.origin,
			notices: dataset.notices,
			split: splitName,
			images: split.length,
			ids: sha256OfBytes(JSON.stringify(ids)),
			classNames: dataset.classNames,
		},
		versions: { naptune: packageVersion(), engine: engine.version, device: engine.device },
	}
}

/** SHA-256 of parameters: names, shapes and bytes in the order of the names. */
export function fingerprint(parameters: Readonly<Record<string, Tensor<'float32'>>>): string {
	const names = Object.keys(parameters).sort()
	const parts = names.map((name) => {
		const { shape, data } = parameters[name]!
		return `${name} ${shape.join('x')} ${sha256OfBytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))}`
	})
	return sha256OfBytes(parts.join('\n'))
}

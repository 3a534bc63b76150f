/**
 * Verifies an evaluation record against its run: recomputes outcomes and compares them image by image. A record whose
 * numbers follow from its outcomes may still be invented as a whole; only this can tell.
 */

import { isDeepStrictEqual } from 'node:util'
import type { PreparedAttack } from '../../attacks/attack-definition.js'
import { prepareAttack } from '../../attacks/registry.js'
import type { AttackCounts } from '../../attacks/run/tell-progress.js'
import { passCounter } from '../../classifier/pass-counter.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import { shown } from '../../core/shown.js'
import { type Dataset, idsOf, type Split, subset } from '../../data/dataset.js'
import { prepareDefense } from '../../defenses/registry.js'
import { chooseTestTimeDefense } from '../../defenses/test-time/registry.js'
import { packageVersion } from '../../files/package-version.js'
import { generator, permutation } from '../../random/counter-based.js'
import { madeBefore } from '../../records/adversarial-images.js'
import { type EvaluationRecord, evaluationKind } from '../../records/evaluation.js'
import type { AttackOutcome } from '../../records/parts/outcome.js'
import { differences as settingDifferences, settingsIn } from '../../records/settings.js'
import type { Engine } from '../../runtime/engine.js'
import type { TunedRun } from '../deployed/tuned-run.js'
import { evaluate } from './evaluate.js'
import { attackedModel, settingsOf } from './recorded-evaluation.js'

/** The input of {@link verifyRecord}. */
export interface VerifyRecordInput {
	readonly engine: Engine
	/** From `readEvaluationRecord`. */
	readonly record: EvaluationRecord
	/** The run that it claims. */
	readonly run: Pick<TunedRun, 'clip' | 'defense' | 'parameters'>
	/** The data that it claims. */
	readonly dataset: Dataset
	/** Share of the images to recompute, above 0 and at most 1; 1 by default. At least one image is recomputed. */
	readonly share?: number
	/** Seed of the choice of images; 1 by default. */
	readonly seed?: number
	/** Images per batch; default 50. On the CPU it affects no outcome. */
	readonly batchSize?: number
	/** Called after every pass through a model. */
	readonly onProgress?: (counts: AttackCounts) => void
	/** Stops after the current batch. */
	readonly signal?: AbortSignal
}

/** A value of one image that differs from the record. */
export interface OutcomeDifference {
	/** Id of the image. */
	readonly id: string
	readonly field: keyof AttackOutcome
	/** Null if the record has none. */
	readonly recorded: string | number | boolean | null
	/** Null if there is none. */
	readonly recomputed: string | number | boolean | null
}

/** The result of a verification. */
export interface RecordVerification {
	/** Images that were recomputed. */
	readonly images: number
	/** Images of the record. */
	readonly of: number
	/** In the order of the record; empty if everything agrees. */
	readonly differences: readonly OutcomeDifference[]
	/** Possible reasons for differences in an honest record, a sentence each: another version, engine or device. */
	readonly notices: readonly string[]
}

const fields = ['label', 'cleanPrediction', 'attacked', 'adversarialPrediction', 'stage'] as const

/**
 * Recomputes outcomes of a record from its run.
 * @returns Undefined if the signal stopped it.
 * @throws NaptuneError if the record belongs to another model, other parameters, other data or another test-time defense, or
 * to images that were made earlier, which only their store can reproduce.
 */
export async function verifyRecord(input: VerifyRecordInput): Promise<RecordVerification | undefined> {
	const { engine, record, run, dataset, seed = 1, batchSize = 50 } = input
	const { clip } = run
	const split = splitOf(record, dataset)
	const testTime = record.testTime && chooseTestTimeDefense(record.testTime.name, record.testTime.options)
	const evaluated = {
		engine,
		clip,
		dataset,
		splitName: record.dataset.split,
		split,
		...modelOf(record, run),
		attack: attackOf(record),
		knowledge: record.knowledge,
		threatModel: record.threatModel,
		seed: record.seed,
		...defined({ testTime, target: record.target }),
	}
	requireSame(record, evaluated)
	const chosen = chosenPositions(split.length, input.share ?? 1, seed)
	const passes = passCounter()
	const { classifier, attack, release } = await attackedModel(evaluated, passes)
	const result = await evaluate({
		clip,
		classifier,
		split: subset(split, chosen),
		attack,
		threatModel: record.threatModel,
		seed: record.seed,
		batchSize,
		passes,
		...defined({ target: record.target, onProgress: input.onProgress, signal: input.signal }),
	}).finally(release)
	if (!result) return undefined
	const recorded = new Map(record.outcomes.map((outcome) => [outcome.id, outcome]))
	return {
		images: chosen.length,
		of: split.length,
		differences: result.outcomes.flatMap((now) => differencesOf(recorded.get(now.id), now)),
		notices: noticesOf(record, engine),
	}
}

/** The images of the record, in its order. */
function splitOf({ dataset: said, outcomes }: EvaluationRecord, dataset: Dataset): Split {
	const splits: Readonly<Record<string, Split>> = {
		train: dataset.train,
		validation: dataset.validation,
		test: dataset.test,
	}
	const split = Object.hasOwn(splits, said.split) ? splits[said.split] : undefined
	if (!split) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The record names the split ${shown(said.split)}, which does not exist.`,
		)
	}
	const positions = new Map(idsOf(split).map((id, position) => [id, position]))
	return subset(
		split,
		outcomes.map(({ id }) => {
			const position = positions.get(id)
			if (position !== undefined) return position
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				`The record names the image ${shown(id)}, which ${dataset.name} (${said.split}) does not have. Give the data of the record.`,
			)
		}),
	)
}

/** The tuned model, or its control. */
function modelOf({ defense: said, dataset }: EvaluationRecord, run: VerifyRecordInput['run']) {
	if (said.name === run.defense.name) {
		// On data other than the run's, the same parameters belong to other names.
		const same = isDeepStrictEqual([...run.defense.classNames], [...dataset.classNames])
		const { name, config } = run.defense
		const defense = same ? run.defense : prepareDefense(name, run.clip, dataset.classNames, config)
		return { defense, parameters: run.parameters }
	}
	if (said.name === 'vanilla') {
		return { defense: prepareDefense('vanilla', run.clip, dataset.classNames, said.options), parameters: {} }
	}
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`The record is of ${shown(said.name)}, but the run is of ${run.defense.name}. Give the run of the record.`,
	)
}

/** The attack with the options of the record, in the form that would be recorded now. */
function attackOf({ attack: said }: EvaluationRecord): PreparedAttack {
	if (madeBefore(said)) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			'The record is of images that were made earlier; only their store can show whether its outcomes are right. Score the store again: naptune evaluate --images.',
		)
	}
	// An option that is an object, such as an objective, is recorded only by its name.
	const usual = prepareAttack(said.name).options
	const chosen = Object.entries(said.options).filter(([option, value]) => !isDeepStrictEqual(value, usual[option]))
	return prepareAttack(said.name, namesOf(Object.fromEntries(chosen)) as Record<string, unknown>)
}

/** Options as the user gave them: those recorded with a fingerprint become names; a later check compares the fingerprint. */
function namesOf(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(namesOf)
	if (!isRecord(value)) return value
	if ('name' in value && 'sha256' in value) return value.name
	return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, namesOf(own)]))
}

/** @throws NaptuneError that names the parts of the run that differ from the record. */
function requireSame(record: EvaluationRecord, evaluated: Parameters<typeof settingsOf>[0]): void {
	const { settings } = evaluationKind
	const now = { ...settingsOf(evaluated), versions: record.versions }
	const changed = settingDifferences(settings, settingsIn(settings, record), now)
	if (changed.length === 0) return
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`The record does not belong to this run and this data: ${changed.slice(0, 5).join(', ')}. Give the run and data of the record; if these are, the record was changed.`,
	)
}

/** Ascending, so that images come in the record's order. */
function chosenPositions(length: number, share: number, seed: number): number[] {
	if (!(share > 0 && share <= 1)) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The share of images to recompute is ${share}; it must be above 0 and at most 1.`,
		)
	}
	const count = Math.max(1, Math.round(length * share))
	return permutation(generator(seed, 'verified-images'), length)
		.slice(0, count)
		.sort((a, b) => a - b)
}

function differencesOf(recorded: AttackOutcome | undefined, recomputed: AttackOutcome): OutcomeDifference[] {
	return fields.flatMap((field): OutcomeDifference[] => {
		const [was, is] = [recorded?.[field] ?? null, recomputed[field] ?? null]
		return was === is ? [] : [{ id: recomputed.id, field, recorded: was, recomputed: is }]
	})
}

function noticesOf({ versions: { naptune, engine, device } }: EvaluationRecord, now: Engine): string[] {
	const pairs = [
		['naptune', naptune, packageVersion()],
		['engine', engine, now.version],
		['device', device, now.device],
	] as const
	const changed = pairs.flatMap(([what, was, is]) => (was === is ? [] : [`${what} ${is} (the record: ${was})`]))
	const cpu = [device, now.device].every((name) => name === 'cpu')
	return [
		...(changed.length > 0
			? [`It was recomputed with a different ${changed.join(', ')}, which may explain a difference.`]
			: []),
		...(cpu ? [] : ['Outcomes are equal to the last bit only on the CPU; a few may differ here.']),
	]
}

/**
 * An evaluation record against its run: outcomes are computed again and compared image by image. A record whose numbers follow
 * from its outcomes may still be made up as a whole; only this can tell.
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
	/** As `readEvaluationRecord` gives it. */
	readonly record: EvaluationRecord
	/** The run that it says it is of. */
	readonly run: Pick<TunedRun, 'clip' | 'defense' | 'parameters'>
	/** The data that it says it is of. */
	readonly dataset: Dataset
	/** Share of the images that is computed again, above 0 and at most 1; 1 by default. At least one image is. */
	readonly share?: number
	/** Of the choice of images; 1 by default. */
	readonly seed?: number
	/** Images per batch; default 50. On the CPU no outcome depends on it. */
	readonly batchSize?: number
	/** Called after every pass through a model. */
	readonly onProgress?: (counts: AttackCounts) => void
	/** Stops after the batch under way. */
	readonly signal?: AbortSignal
}

/** Something of one image that is not as the record says. */
export interface OutcomeDifference {
	/** Of the image. */
	readonly id: string
	readonly field: keyof AttackOutcome
	/** Null where the record has none. */
	readonly recorded: string | number | boolean | null
	/** Null where there is none. */
	readonly recomputed: string | number | boolean | null
}

/** What computing again found. */
export interface RecordVerification {
	/** Images that were computed again. */
	readonly images: number
	/** Images of the record. */
	readonly of: number
	/** In the order of the record; none where all is as it says. */
	readonly differences: readonly OutcomeDifference[]
	/** What may make a difference of an honest record, a sentence each: another version, engine or device. */
	readonly notices: readonly string[]
}

const fields = ['label', 'cleanPrediction', 'attacked', 'adversarialPrediction', 'stage'] as const

/**
 * Computes outcomes of a record again from its run.
 * @returns Undefined when stopped by the signal.
 * @throws NaptuneError when the record is of another model, other parameters, other data or another test-time defense than
 * those at hand, or of images that were made before, which only their store can give again.
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
			`The record is of the split ${shown(said.split)}, which no data have.`,
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
				`The record is of the image ${shown(id)}, which ${dataset.name} (${said.split}) does not have. Give the data that it is of.`,
			)
		}),
	)
}

/** The tuned model, or its control. */
function modelOf({ defense: said, dataset }: EvaluationRecord, run: VerifyRecordInput['run']) {
	if (said.name === run.defense.name) {
		// On other data than the run's, the same parameters stand beside other names.
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
		`The record is of ${shown(said.name)}, the run of ${run.defense.name}. Give the run that the record is of.`,
	)
}

/** The attack with the options of the record, as it would be recorded now. */
function attackOf({ attack: said }: EvaluationRecord): PreparedAttack {
	if (madeBefore(said)) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			'The record is of images that were made before; only their store can tell whether its outcomes are right. Score the store again: naptune evaluate --images.',
		)
	}
	// What an option is by itself, such as an objective, is recorded by its name only.
	const usual = prepareAttack(said.name).options
	const chosen = Object.entries(said.options).filter(([option, value]) => !isDeepStrictEqual(value, usual[option]))
	return prepareAttack(said.name, namesOf(Object.fromEntries(chosen)) as Record<string, unknown>)
}

/** Options as they are given: what is recorded with its fingerprint goes by its name; that it is the same is checked later. */
function namesOf(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(namesOf)
	if (!isRecord(value)) return value
	if ('name' in value && 'sha256' in value) return value.name
	return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, namesOf(own)]))
}

/** @throws NaptuneError naming what of the run is not what the record says. */
function requireSame(record: EvaluationRecord, evaluated: Parameters<typeof settingsOf>[0]): void {
	const { settings } = evaluationKind
	const now = { ...settingsOf(evaluated), versions: record.versions }
	const changed = settingDifferences(settings, settingsIn(settings, record), now)
	if (changed.length === 0) return
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`The record is not of this run and these data: ${changed.slice(0, 5).join(', ')}. Give those that it is of; if these are they, it was changed.`,
	)
}

/** Ascending, so that images come in the record's order. */
function chosenPositions(length: number, share: number, seed: number): number[] {
	if (!(share > 0 && share <= 1)) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The share of images to compute again is ${share}; a number above 0 and at most 1 is expected.`,
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
			? [`It was computed again with another ${changed.join(', ')}; a difference may come from that.`]
			: []),
		...(cpu ? [] : ['Only on the CPU are outcomes the same to the last bit; a few may differ here.']),
	]
}

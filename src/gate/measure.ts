/** The accuracies of a gate: clean predictions of the whole sample, then attacks image by image until every check is decided. */

import type { PreparedAttack } from '../attacks/attack-definition.js'
import { type AttackOutcome, cleanRound } from '../attacks/run/attack-outcomes.js'
import type { ThreatModel } from '../attacks/sets/threat-model.js'
import type { Classifier } from '../classifier/classifier.js'
import { predict } from '../classifier/predictions.js'
import { at, entry } from '../core/at.js'
import { range, rowSize, takeRows } from '../core/rows.js'
import { evaluateImages } from '../evaluation/robustness/evaluate.js'
import { sha256OfBytes } from '../files/sha256.js'
import { jsonFingerprint } from '../records/fingerprint.js'
import type { AttackTrial } from '../records/parts/outcome.js'
import type { RunningCheck } from './checks.js'
import type { GateImages } from './subject.js'
import type { TimeBudget } from './time-budget.js'
import { openTrialCache, type TrialCache } from './trial-cache.js'

/** What measuring is told of all along. */
export interface MeasureInput {
	readonly classifier: Classifier
	readonly images: GateImages
	/** Images at once; no decision depends on it on the CPU. */
	readonly batchSize: number
	readonly budget: TimeBudget
	/** Folder of trials of earlier gates. */
	readonly cache: string
	/** What decides a trial beside attack and image; JSON. */
	readonly content: unknown
	/** Stops after the batch under way. */
	readonly signal: AbortSignal
	/** Called with the images that are done. */
	readonly onImages?: (done: number, total: number) => void
}

/** What is known of the sample before any attack. */
export interface CleanSample {
	/** By image: fingerprint of id, label and pixels. */
	readonly fingerprints: readonly string[]
	/** By image: the class that the model gives it. */
	readonly predictions: readonly number[]
	readonly right: readonly boolean[]
	/** Images whose prediction came from the cache. */
	readonly fromCache: number
}

/** Predictions of all clean images, or undefined when stopped. @throws OverBudget once the time is over. */
export async function measureClean(input: MeasureInput): Promise<CleanSample | undefined> {
	const { classifier, images, batchSize, budget, signal } = input
	const cache = await openTrialCache(input.cache, [input.content, cleanRound])
	const fingerprints: string[] = []
	const predictions: number[] = []
	let fromCache = 0
	for (let start = 0; start < images.ids.length; start += batchSize) {
		if (signal.aborted) return undefined
		budget.check()
		const positions = range(start, Math.min(start + batchSize, images.ids.length))
		const pixels = await images.pixels(positions)
		const size = rowSize(pixels)
		const prints = positions.map((position, row) => {
			const { buffer, byteOffset } = pixels.data
			const bytes = new Uint8Array(buffer, byteOffset + 4 * row * size, 4 * size)
			return jsonFingerprint([at(images.ids, position), at(images.labels, position), sha256OfBytes(bytes)])
		})
		const missing = range(0, positions.length).filter((row) => cache.trials(at(prints, row)).length === 0)
		fromCache += positions.length - missing.length
		if (missing.length > 0) {
			const ids = missing.map((row) => at(images.ids, start + row))
			const found = await predict(classifier, takeRows(pixels, missing), ids)
			await cache.add(
				missing.map((row, which) => ({
					image: at(prints, row),
					trial: { id: at(ids, which), round: cleanRound, prediction: at(found, which) },
				})),
			)
		}
		fingerprints.push(...prints)
		predictions.push(...prints.map((print) => at(cache.trials(print), 0).prediction))
		input.onImages?.(predictions.length, images.ids.length)
	}
	const right = predictions.map((prediction, position) => prediction === at(images.labels, position))
	return { fingerprints, predictions, right, fromCache }
}

/** An attack of a gate, with the checks that wait for it. */
export interface AttackInput extends MeasureInput {
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly seed: number
	readonly clean: CleanSample
	readonly checks: readonly RunningCheck[]
	/** Whether the whole sample is attacked, whatever the checks need. */
	readonly whole: boolean
}

/** What an attack came to. */
export interface AttackedSample {
	/** In the order of the sample, as far as a check waited for them. */
	readonly outcomes: readonly AttackOutcome[]
	/** Trials that were made in this call rather than found in the cache. */
	readonly made: number
}

/**
 * Attacks images in order until every check is decided, and hands them to the checks one after the other.
 * @returns Undefined when stopped; what was tried is in the cache then.
 * @throws OverBudget once the time is over, likewise.
 */
export async function measureAttack(input: AttackInput): Promise<AttackedSample | undefined> {
	const { classifier, images, attack, threatModel, seed, batchSize, checks, clean, signal } = input
	const { name: _, ...how } = attackOf(attack)
	const cache = await openTrialCache(input.cache, [input.content, how, threatModel, seed])
	const order = new Map(attack.rounds(classifier.classNames.length).map(({ name }, round) => [name, round]))
	const outcomes: AttackOutcome[] = []
	let made = 0
	const waiting = () => input.whole || checks.some(({ decision }) => decision === undefined)
	for (let next = 0; next < images.ids.length && waiting(); ) {
		if (signal.aborted) return undefined
		const positions = nextBlock(clean.right, next, batchSize)
		const found = await attackBlock(positions)
		if (!found) return undefined
		for (const outcome of found) {
			if (!waiting()) break
			outcomes.push(outcome)
			for (const check of checks) check.take(outcome.adversarialPrediction === outcome.label)
		}
		next += positions.length
		input.onImages?.(next, images.ids.length)
	}
	return { outcomes, made }

	async function attackBlock(positions: readonly number[]): Promise<readonly AttackOutcome[] | undefined> {
		const fingerprints = new Map(
			positions.map((position) => [at(images.ids, position), at(clean.fingerprints, position)]),
		)
		const result = await evaluateImages(
			{
				classifier,
				attack,
				threatModel,
				seed,
				batchSize,
				earlier: positions.flatMap((position) => earlierTrials(position, cache, order)),
				async onBatch({ trials }) {
					const fresh = trials.filter(({ round }) => round !== cleanRound)
					made += fresh.length
					await cache.add(fresh.map((trial) => ({ image: entry(fingerprints, trial.id), trial })))
				},
				signal,
			},
			{
				ids: positions.map((position) => at(images.ids, position)),
				labels: positions.map((position) => at(images.labels, position)),
				pixels: (rows) => images.pixels(rows.map((row) => at(positions, row))),
			},
		)
		return result?.outcomes
	}

	/** In the order of the rounds; any other order would lose them. */
	function earlierTrials(position: number, kept: TrialCache, rounds: ReadonlyMap<string, number>): AttackTrial[] {
		const id = at(images.ids, position)
		const known = kept.trials(at(clean.fingerprints, position)).filter(({ round }) => rounds.has(round))
		return [
			{ id, round: cleanRound, prediction: at(clean.predictions, position) },
			...known.toSorted((a, b) => entry(rounds, a.round) - entry(rounds, b.round)),
		]
	}
}

/** An attack with all that decides what it does. */
export function attackOf({ name, attack, source, options }: PreparedAttack) {
	return { name, attack, source, options }
}

/** The next images of which so many can be attacked: those that are wrong already cost nothing. */
function nextBlock(right: readonly boolean[], start: number, batchSize: number): number[] {
	const block: number[] = []
	let attackable = 0
	for (let position = start; position < right.length && attackable < batchSize; position++) {
		block.push(position)
		if (right[position]) attackable++
	}
	return block
}

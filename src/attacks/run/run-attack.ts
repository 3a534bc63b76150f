/** Attacking many images, round by round and batch by batch. */

import type { Classifier } from '../../classifier/classifier.js'
import { type PassCounter, passCounter, workOf } from '../../classifier/pass-counter.js'
import { predictions } from '../../classifier/predictions.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { loadAhead } from '../../core/load-ahead.js'
import { range, takeRows } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { PreparedAttack } from '../attack-definition.js'
import type { ThreatModel } from '../sets/threat-model.js'
import type { ImageStreams } from './attack.js'
import {
	type AttackOutcome,
	type AttackTrial,
	afterTrial,
	cleanRound,
	freshState,
	type ImageState,
	outcomeOf,
	type RoundPlan,
} from './attack-outcomes.js'
import type { AttackRound } from './attack-round.js'
import { runPipelined } from './pipelined-round.js'

/** Labelled images that are loaded when needed. Positions run from 0 to `ids.length` - 1. */
export interface AttackImages {
	/** Stable image ids, each once. */
	readonly ids: readonly string[]
	/** True labels. */
	readonly labels: readonly number[]
	/** Targets, for a targeted attack. */
	readonly targets?: readonly number[]
	/** Clean images at these positions, [n, 3, H, W] in [0, 1]. */
	pixels(positions: readonly number[]): Promise<Tensor<'float32'>>
}

/** What a batch brought. */
export interface AttackProgress {
	/** To be kept for a resume, in this order. */
	readonly trials: readonly AttackTrial[]
	/** Of the images that are finished now. */
	readonly outcomes: readonly AttackOutcome[]
	/** Adversarial images [n, 3, H, W] of those outcomes that were attacked, in their order; with `keepImages`. */
	readonly images?: Tensor<'float32'>
}

/** Where an attack stands. Counts include what a run before had done. */
export interface AttackCounts {
	/** Images that are finished. */
	readonly done: number
	readonly total: number
	/** Images of those that were attacked. */
	readonly attacked: number
	/** Finished images predicted right, clean and under attack. */
	readonly robust: number
	/** Images that no round has fooled yet, of those whose clean prediction is known and right. */
	readonly standing: number
	/** Name of the round under way, `clean` for clean predictions. */
	readonly round: string
	/** Its place among all rounds, counted from 1; 0 for clean predictions. */
	readonly roundNumber: number
	readonly rounds: number
	/** How many images the part of the batch that is done amounts to; fewer than it has. */
	readonly underWay: number
	/** In forward passes of one image: done by this run, and left at most. Images that are fooled early leave less. */
	readonly work: { readonly done: number; readonly left: number }
}

/** What {@link runAttack} needs. */
export interface RunAttackOptions {
	readonly classifier: Classifier
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly images: AttackImages
	readonly streams: ImageStreams
	/** Images per batch, at least 1. */
	readonly batchSize: number
	/** Whether images with a wrong clean prediction are not attacked: they are errors already. Default: as the attack has it. */
	readonly skipWrong?: boolean
	/** Trials of a run before. */
	readonly earlier?: readonly AttackTrial[]
	/** Whether adversarial images are handed back. Default false. */
	readonly keepImages?: boolean
	/**
	 * With `keepImages`: whether the adversarial image of an earlier trial is kept already. Images that were finished without
	 * being kept are attacked again. Default: all are kept.
	 */
	readonly isKept?: (id: string) => boolean
	/** Counts the passes of other classifiers, too, such as surrogates that it was given. */
	readonly passes?: PassCounter
	/** Called after every pass through a model. */
	readonly onProgress?: (counts: AttackCounts) => void
}

/**
 * Attacks images and yields what comes of it; stop by leaving the loop. First all clean predictions are made, then every
 * round goes over the images that nothing before has fooled, in batches filled up with them, from the clean images. Each
 * candidate is classified again. To resume, pass the trials that were yielded: on the CPU none depends on what else is in
 * its batch. Images that the earlier trials finish come first, without trials or images.
 * @throws NaptuneError when ids, labels and targets do not fit together, or the batch size is not a positive number.
 */
export async function* runAttack(options: RunAttackOptions): AsyncGenerator<AttackProgress, void, undefined> {
	const { attack, images, batchSize, streams, threatModel, keepImages = false, isKept, earlier = [] } = options
	checkImages(images, attack)
	if (!Number.isInteger(batchSize) || batchSize < 1) {
		throw new NaptuneError(`The batch size of an attack must be a whole number >= 1, got ${batchSize}.`)
	}
	const counter = options.passes ?? passCounter()
	const classifier = counter.watch(options.classifier)
	const rounds = attack.rounds(classifier.classNames.length)
	const plan = { rounds, skipWrong: options.skipWrong ?? attack.skipsWrong }
	const states = followedStates(images, attack.targeted, plan, earlier)
	if (keepImages && isKept) states.forget(({ id, finished, last }) => finished && last !== undefined && !isKept(id))
	const told = tellProgress(options, states.all, rounds, counter)
	const outcomesAt = (positions: readonly number[]) =>
		positions.map((position) => states.all[position]!).filter(({ finished }) => finished)

	/** Takes in a batch's predictions. */
	const finish = (
		round: string,
		positions: readonly number[],
		logits: Tensor<'float32'>,
		candidates?: Tensor<'float32'>,
	): AttackProgress => {
		const ids = positions.map((position) => images.ids[position]!)
		const trials = predictions(logits, ids).map((prediction, row) => ({ id: ids[row]!, round, prediction }))
		for (const [row, trial] of trials.entries()) states.take(positions[row]!, trial)
		const outcomes = outcomesAt(positions).map((state) => outcomeOf(state, rounds))
		const kept = range(0, positions.length).filter((row) => states.all[positions[row]!]!.finished)
		return {
			trials,
			outcomes,
			...defined({ images: candidates && keepImages && kept.length > 0 ? takeRows(candidates, kept) : undefined }),
		}
	}

	try {
		const before = outcomesAt(range(0, images.ids.length))
		if (before.length > 0) yield { trials: [], outcomes: before.map((state) => outcomeOf(state, rounds)) }
		for await (const [positions, pixels] of loadAhead(batches(states.unseen(), batchSize), images.pixels)) {
			told.begin(0, positions.length)
			const { logits } = await classifier.evaluate(pixels, ['logits'])
			const found = finish(cleanRound, positions, logits!)
			told.end()
			yield found
		}
		for (const [number, round] of rounds.entries()) {
			for await (const [positions, pixels] of loadAhead(batches(states.openAt(number), batchSize), images.pixels)) {
				told.begin(number + 1, positions.length)
				const batch = {
					images: pixels,
					labels: positions.map((position) => (attack.targeted ? images.targets! : images.labels)[position]!),
					ids: positions.map((position) => images.ids[position]!),
				}
				const candidates = await runPipelined(round, classifier, batch, threatModel, streams)
				const { logits } = await classifier.evaluate(candidates, ['logits'])
				const found = finish(round.name, positions, logits!, candidates)
				told.end()
				yield found
			}
		}
	} finally {
		told.close()
	}
}

/** The states of all images, changed by trials. */
interface FollowedStates {
	readonly all: readonly ImageState[]
	take(position: number, trial: AttackTrial): void
	/** Starts anew with the images for which this holds. */
	forget(which: (state: ImageState) => boolean): void
	/** Positions without a clean prediction. */
	unseen(): number[]
	/** Positions that this round comes next for. */
	openAt(round: number): number[]
}

function followedStates(
	{ ids, labels, targets }: AttackImages,
	targeted: boolean,
	plan: Omit<RoundPlan, 'target'>,
	earlier: readonly AttackTrial[],
): FollowedStates {
	const all = ids.map((id, position) => freshState(id, labels[position]!))
	const take = (position: number, trial: AttackTrial) => {
		all[position] = afterTrial(all[position]!, trial, { ...plan, target: targeted ? targets![position] : undefined })
	}
	const positions = new Map(ids.map((id, position) => [id, position]))
	for (const trial of earlier) {
		const position = positions.get(trial.id)
		if (position !== undefined) take(position, trial)
	}
	const those = (which: (state: ImageState) => boolean) => range(0, all.length).filter((at) => which(all[at]!))
	return {
		all,
		take,
		forget(which) {
			for (const position of those(which)) all[position] = freshState(ids[position]!, labels[position]!)
		},
		unseen: () => those(({ clean }) => clean === undefined),
		openAt: (round) => those(({ clean, next, finished }) => clean !== undefined && !finished && next === round),
	}
}

function* batches(positions: readonly number[], size: number): Generator<number[]> {
	for (let start = 0; start < positions.length; start += size) yield positions.slice(start, start + size)
}

/** Tells where the attack stands after every pass. */
function tellProgress(
	{ onProgress }: RunAttackOptions,
	states: readonly ImageState[],
	rounds: readonly AttackRound[],
	counter: PassCounter,
): { begin(roundNumber: number, images: number): void; end(): void; close(): void } {
	if (!onProgress) return { begin() {}, end() {}, close() {} }
	/** Work from each round on, the clean passes of candidates included. */
	const workFrom = [0]
	for (const { calls } of rounds.toReversed()) workFrom.unshift(workOf(calls) + 1 + workFrom[0]!)
	const first = workOf(counter.passes())
	let begun = first
	let round = 0
	let batch = 0
	let settled: Omit<AttackCounts, 'work' | 'underWay' | 'round' | 'roundNumber' | 'rounds'> & { readonly left: number }
	const settle = () => {
		const finished = states.filter((state) => state.finished)
		const right = (state: ImageState) => state.clean === state.label && (state.last ?? state.label) === state.label
		begun = workOf(counter.passes())
		settled = {
			done: finished.length,
			total: states.length,
			attacked: finished.filter(({ last }) => last !== undefined).length,
			robust: finished.filter(right).length,
			standing: states.filter(right).length,
			left: states.reduce(
				(sum, { finished, clean, next }) => sum + (finished ? 0 : workFrom[next]! + (clean === undefined ? 1 : 0)),
				0,
			),
		}
	}
	const tell = () => {
		const { left, ...counts } = settled
		const now = workOf(counter.passes())
		const calls = rounds[round - 1]?.calls
		const bound = batch * ((calls ? workOf(calls) : 0) + 1)
		onProgress({
			...counts,
			round: rounds[round - 1]?.name ?? cleanRound,
			roundNumber: round,
			rounds: rounds.length,
			underWay: bound > 0 ? batch * Math.min(1, (now - begun) / bound) : 0,
			work: { done: now - first, left: Math.max(0, left - (now - begun)) },
		})
	}
	settle()
	const close = counter.listen(tell)
	return {
		begin(roundNumber, images) {
			round = roundNumber
			batch = images
		},
		end() {
			batch = 0
			settle()
			tell()
		},
		close,
	}
}

function checkImages({ ids, labels, targets }: AttackImages, { name, targeted }: PreparedAttack): void {
	if (labels.length !== ids.length || (targets && targets.length !== ids.length)) {
		throw new NaptuneError(
			`The attack was given ${ids.length} images with ${labels.length} labels${targets ? ` and ${targets.length} targets` : ''}; one per image was expected.`,
		)
	}
	if (targeted && !targets) throw new NaptuneError(`Attack ${name} is targeted: give a target class for every image.`)
	if (new Set(ids).size === ids.length) return
	const twice = ids.find((id, position) => ids.indexOf(id) !== position)
	throw new NaptuneError(`Two images have the id ${twice}; ids key an image's randomness and must be unique.`)
}

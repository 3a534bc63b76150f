/** The one loop that drives rounds: clean predictions, then each round on the images that no earlier one has fooled. */

import type { Classifier } from '../../classifier/classifier.js'
import { predict } from '../../classifier/predictions.js'
import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { loadAhead } from '../../core/load-ahead.js'
import type { Tensor } from '../../core/tensor.js'
import type { ThreatModel } from '../sets/threat-model.js'
import { type AttackTrial, cleanRound } from './attack-outcomes.js'
import type { AttackRound } from './attack-round.js'
import type { FollowedStates } from './followed-states.js'
import type { ImageStreams } from './image-streams.js'
import { runPipelined } from './pipelined-round.js'

/** The input of {@link driveRounds}. */
export interface DriveInput {
	readonly classifier: Classifier
	readonly rounds: readonly AttackRound[]
	readonly threatModel: ThreatModel
	readonly streams: ImageStreams
	/** Images per batch, at least 1. */
	readonly batchSize: number
	readonly ids: readonly string[]
	/** Labels that rounds receive, by position: true labels, or targets of a targeted attack. */
	readonly labels: readonly number[]
	/** Clean images at positions, [n, 3, H, W] in [0, 1]. */
	pixels(positions: readonly number[]): Promise<Tensor<'float32'>>
	/** States of the images; receives every trial. */
	readonly states: FollowedStates
	/** Called before a batch. @param roundNumber From 1; 0 for clean predictions. */
	readonly onBegin?: (roundNumber: number, images: number) => void
	/** Called after a batch, once its trials are recorded. */
	readonly onEnd?: () => void
}

/** A batch after one round. */
export interface TriedBatch {
	readonly positions: readonly number[]
	/** In the order of the positions. */
	readonly trials: readonly AttackTrial[]
	/** [n, 3, H, W] in the order of the positions; missing after clean predictions. */
	readonly candidates?: Tensor<'float32'>
}

/**
 * Makes all missing clean predictions, then runs every round, from the clean images, on those that are due for it, in full
 * batches. Classifies each candidate again. Leave the loop to stop.
 * @throws NaptuneError as the rounds, and naming images whose logits are NaN.
 */
export async function* driveRounds(input: DriveInput): AsyncGenerator<TriedBatch, void, undefined> {
	const { classifier, rounds, threatModel, streams, batchSize, states } = input
	const loaded = (positions: readonly number[]) => loadAhead(batches(positions, batchSize), input.pixels)
	const judge = async (round: string, positions: readonly number[], images: Tensor<'float32'>, blind: BlindImages) => {
		const ids = positions.map((position) => at(input.ids, position))
		const predicted = await predict(classifier, images, ids)
		const trials = ids.map((id, row): AttackTrial => {
			const zeroGradient = blind.has(id) ? (true as const) : undefined
			return { id, round, prediction: at(predicted, row), ...defined({ zeroGradient }) }
		})
		for (const [row, trial] of trials.entries()) states.take(at(positions, row), trial)
		input.onEnd?.()
		return trials
	}
	for await (const [positions, pixels] of loaded(states.unseen())) {
		input.onBegin?.(0, positions.length)
		yield { positions, trials: await judge(cleanRound, positions, pixels, new Set()) }
	}
	for (const [number, round] of rounds.entries()) {
		for await (const [positions, images] of loaded(states.openAt(number))) {
			input.onBegin?.(number + 1, positions.length)
			const batch = {
				images,
				labels: positions.map((position) => at(input.labels, position)),
				ids: positions.map((position) => at(input.ids, position)),
			}
			const { blind, sight } = watchGradients()
			const candidates = await runPipelined(round, classifier, batch, threatModel, streams, sight)
			const trials = await judge(round.name, positions, candidates, blind)
			yield { positions, trials, candidates }
		}
	}
}

/** Ids of images for which a round saw only zero gradients. */
type BlindImages = ReadonlySet<string>

function watchGradients(): { readonly blind: BlindImages; sight(id: string, zero: boolean): void } {
	const blind = new Set<string>()
	const seeing = new Set<string>()
	return {
		blind,
		sight(id, zero) {
			if (!zero) {
				seeing.add(id)
				blind.delete(id)
			} else if (!seeing.has(id)) blind.add(id)
		},
	}
}

function* batches(positions: readonly number[], size: number): Generator<number[]> {
	for (let start = 0; start < positions.length; start += size) yield positions.slice(start, start + size)
}

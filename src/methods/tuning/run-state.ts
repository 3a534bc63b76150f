/** States of a tuning run: the state of every training, and a summary of the finished epochs. */

import { join } from 'node:path'
import { z } from 'zod'
import { type Defense, initialParameters } from '../../defenses/defense.js'
import type { TrainingFiles } from '../../training/loop.js'
import { createOptimizerState, type OptimizerName } from '../../training/optimizers.js'
import type { StateFormat, TrainingState } from '../../training/state.js'
import { noEpochs } from './collapse.js'
import { runFiles } from './run-directory.js'

const ownSchema = z.object({
	history: z.object({ epochsAtChance: z.int().nonnegative(), learned: z.boolean() }),
})

/** Further data in the state of a tuning run. */
export type TuningProgressState = z.output<typeof ownSchema>

/** A state of a tuning run. */
export type TuningState = TrainingState<TuningProgressState>

/** Format of a defense's states. */
export function tuningFormat({
	parameters,
}: Pick<Defense, 'parameters'>): Pick<StateFormat<TuningProgressState>, 'parameters' | 'own'> {
	return { parameters: new Map([...parameters].map(([name, { shape }]) => [name, shape])), own: ownSchema }
}

/** Files of a run's training. */
export function trainingFiles(directory: string): TrainingFiles {
	const { state, lastGood, log, usage } = runFiles
	return {
		state: join(directory, state),
		lastGood: join(directory, lastGood),
		log: join(directory, log),
		usage: join(directory, usage),
	}
}

/** A run before its first step: initial parameters, each from its own random stream. */
export async function initialState(
	defense: Pick<Defense, 'parameters'>,
	seed: number,
	optimizer: OptimizerName,
): Promise<TuningState> {
	const parameters = await initialParameters(defense, seed)
	return {
		parameters,
		averages: {},
		optimizer: createOptimizerState(optimizer, parameters),
		sums: {},
		log: { length: 0 },
		usage: { seconds: 0, residentBytes: 0 },
		own: { history: noEpochs },
	}
}

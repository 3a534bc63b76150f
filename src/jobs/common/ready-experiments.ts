/** Wanted experiments with everything that they need, and where their results go. */

import { join, resolve } from 'node:path'
import { z } from 'zod'
import { defined } from '../../core/defined.js'
import { type PreparedExperiment, prepareExperiments } from '../../experiments/prepare.js'
import { slug } from '../../records/names.js'
import type { JobContext } from '../job.js'
import { countField } from './fields.js'
import { loadData, loadModel } from './inputs.js'
import { wantedExperiments, wantedFields } from './wanted-experiments.js'

/** Fields of inputs of jobs that run experiments. */
export const experimentFields = {
	...wantedFields,
	/** Folder of all experiments; by default `runs/reproduce`, or `runs/reproduce-quick` for small ones. */
	output: z.string().optional(),
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
} as const

type Input = z.output<z.ZodObject<typeof experimentFields>>

/** The folder of all experiments. */
export function experimentsFolder({ output, quick }: Pick<Input, 'output' | 'quick'>): string {
	return resolve(output ?? join('runs', quick ? 'reproduce-quick' : 'reproduce'))
}

/**
 * Loads the experiments, and says which data sets are left out.
 * @throws NaptuneError for names or settings that do not exist, before anything is computed.
 */
export async function readyExperiments(
	input: Input,
	context: Pick<JobContext, 'imageLoader' | 'onNote' | 'onProgress' | 'signal'>,
): Promise<PreparedExperiment[]> {
	return prepareExperiments({
		definitions: await wantedExperiments(input),
		quick: input.quick,
		...defined({ suffix: input.protocol && slug(input.protocol.join('-')) }),
		loadModel: (name) => loadModel(context, name),
		loadData: (name, seed) => loadData(context, name, seed, input.dataRoot),
	})
}

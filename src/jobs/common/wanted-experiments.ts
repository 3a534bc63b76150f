/** Selects experiments and the parts of them to run. */

import { z } from 'zod'
import { epsilonText } from '../../attacks/sets/size-text.js'
import { defined } from '../../core/defined.js'
import {
	type DefinitionChanges,
	type ExperimentDefinition,
	loadWrittenExperiment,
	paperExperiments,
	paperVariants,
} from '../../experiments/definition.js'
import { narrowed } from '../../experiments/narrow.js'
import { withProtocols } from '../../experiments/protocols.js'
import { resolvedSurrogate } from '../../experiments/surrogate-text.js'
import { mergeSettings } from '../../methods/tuning/configuration.js'
import { countField, dataRootField, epsilonField, seedField, settingsField } from './fields.js'

const names = z.array(z.string()).min(1).readonly().optional()

/** Input fields. */
export const wantedFields = {
	/** Names of experiments, `all` for the paper's, or paths of your own .json files. */
	experiments: z.array(z.string()).min(1).readonly(),
	/** Runs the small form, on the embedded model and data. */
	quick: z.boolean().default(false),
	/** CLIP checkpoints; by default the experiment's. */
	model: names,
	/** Data sets; missing ones are skipped. By default the experiment's. */
	data: names,
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Methods to run; by default all of the experiment. */
	methods: names,
	/**
	 * Named tuning protocol of the methods: a name for all methods that have it, or `METHOD=NAME`; `both` for a row under
	 * each protocol, `none` for the experiment's preset. By default each method uses the protocol that the experiment gives
	 * it.
	 */
	protocol: names,
	/** Rows to measure, by their own or their attacks' names, or `epsilon-curve`; by default all of the experiment. */
	conditions: names,
	/** Seeds of sample and tuning; by default the experiment's. */
	seeds: z.array(seedField).min(1).readonly().optional(),
	/** Maximum number of test images per cell, balanced over the classes; by default the experiment's. */
	limit: countField.optional(),
	/** L-infinity size of attacks without one of their own, and of inner attacks; by default the experiment's. */
	epsilon: epsilonField.optional(),
	/** Classifiers (.onnx) of CWA's attacker; by default trained on the training images. */
	surrogate: z.array(z.string()).readonly().default([]),
	/** Substitute (.onnx) of AGS's attacker; by default trained on the training images. */
	substitute: z.string().optional(),
	/** Other tuning settings for all methods, such as `{ epochs: 5 }`. */
	set: settingsField,
} as const

type Wanted = z.output<z.ZodObject<typeof wantedFields>>

/**
 * Returns their definitions with the input's changes.
 * @throws NaptuneError for names or settings that do not exist.
 */
export async function wantedExperiments(input: Wanted): Promise<ExperimentDefinition[]> {
	const { quick, methods, conditions, limit, protocol } = input
	const all = input.experiments.flatMap((name) => (name === 'all' ? [...paperExperiments, ...paperVariants] : [name]))
	const changes = changesOf(input)
	const definitions = []
	for (const name of new Set(all)) {
		const whole = await loadWrittenExperiment(name, { quick, changes })
		definitions.push(withProtocols(narrowed(whole, defined({ methods, conditions, limit })), protocol))
	}
	return definitions
}

/** The input's changes to the definitions. */
function changesOf({ model, data, seeds, epsilon, set, surrogate, substitute }: Wanted): DefinitionChanges {
	const overrides = mergeSettings([epsilon === undefined ? {} : { attack: { epsilon } }, set])
	const surrogateFiles = defined({
		classifiers: surrogate.length > 0 ? surrogate.map(resolvedSurrogate) : undefined,
		substitute: substitute === undefined ? undefined : resolvedSurrogate(substitute),
	})
	return defined({
		models: model && [...model],
		datasets: data && [...data],
		seeds: seeds && [...seeds],
		epsilon: epsilon === undefined ? undefined : epsilonText(epsilon),
		overrides: Object.keys(overrides).length > 0 ? overrides : undefined,
		surrogateFiles: Object.keys(surrogateFiles).length > 0 ? surrogateFiles : undefined,
	})
}

/** Turns a comparison of the paper's methods under a preset into an experiment. */

import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { tunableDefenses } from '../defenses/registry.js'
import { type Preset, presetEvaluationSchema } from '../methods/tuning/presets.js'
import { type ExperimentDefinition, experimentOf } from './definition.js'

/** The methods of the paper's tables, which a preset has settings for; others are compared by name. */
const ofPaper = ['coop', 'advpt', 'advpt-e2e', 'advpt-v', 'advpt-vli', 'advpt-vlj', 'fap', 'nap']

/** Methods to tune unless others are named, in the registry's order. */
export const tunedMethods: readonly string[] = tunableDefenses.filter((name) => ofPaper.includes(name))

/**
 * Every method of the paper beside vanilla CLIP, tuned under a preset and attacked as it says, with a folder each.
 * @throws NaptuneError for a preset without evaluation settings.
 */
export function experimentOfPreset({ name, version, doc, evaluation: given }: Preset): ExperimentDefinition {
	if (!given)
		throw new NaptuneError('NAP_INPUT_UNSUITABLE', `Preset ${name} has no evaluation settings; choose another.`)
	const { attack, epsilon, seed, images } = presetEvaluationSchema.parse(given)
	return experimentOf({
		name,
		version,
		title: `All methods under preset ${name}`,
		doc,
		preset: name,
		epsilon,
		...defined({ images }),
		methods: ['vanilla', ...tunedMethods],
		reference: 'nap',
		conditions: ['clean', attack],
		seeds: [seed],
		evaluationSeed: seed,
		shown: ['nap'],
		folders: 'by-method',
	})
}

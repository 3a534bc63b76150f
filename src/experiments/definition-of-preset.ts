/** A comparison of all methods under a preset, as an experiment. */

import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { tunableDefenses } from '../defenses/registry.js'
import { type Preset, presetEvaluationSchema } from '../methods/tuning/presets.js'
import { type ExperimentDefinition, experimentOf } from './definition.js'

/** Methods that are tuned, in the registry's order. */
export const tunedMethods: readonly string[] = tunableDefenses

/**
 * Every method beside vanilla CLIP, tuned under a preset and attacked as it says, with a folder for each.
 * @throws NaptuneError for a preset that does not say how to evaluate.
 */
export function experimentOfPreset({ name, version, doc, evaluation: given }: Preset): ExperimentDefinition {
	if (!given)
		throw new NaptuneError('NAP_INPUT_UNSUITABLE', `Preset ${name} does not say how to evaluate; choose another.`)
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

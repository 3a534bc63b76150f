/** Training methods: tuning of defenses, and surrogates. */

export { families as surrogateFamilies } from './surrogates/families/registry.js'
export {
	type ClassifierRecipe,
	classifierRecipe,
	type SubstituteRecipe,
	substituteRecipe,
} from './surrogates/recipe.js'
export type { SurrogateResult } from './surrogates/surrogate-record.js'
export { type TrainClassifierInput, trainClassifier } from './surrogates/train-classifier.js'
export { type TrainSubstituteInput, trainSubstitute } from './surrogates/train-substitute.js'
export {
	type TuningConfig,
	tuningConfig,
} from './tuning/configuration.js'
export {
	type ConfigurationOrigin,
	loadPreset,
	type Preset,
	presetConfig,
	presetNames,
} from './tuning/presets.js'
export { type EpochRecord, type TuneInput, type TuneResult, type TuningProgress, tune } from './tuning/tune.js'

/** naptune/defenses: builders of graphs for methods that tune a CLIP, and for methods that act at test time. */

export {
	type Defense,
	type DefenseView,
	fixedParameters,
	type ImageFeatures,
	initialParameters,
	type LayerLayout,
	type Parameter,
	type ParameterLookup,
	type PromptRows,
	parameterInputs,
	type TokenChange,
	trainableParameters,
	type ViewName,
} from './defense.js'
export {
	type DefenseDefinition,
	defineDefense,
} from './define-defense.js'
export { defenses, prepareDefense, tunableDefenses } from './registry.js'
export {
	type ChosenTestTimeDefense,
	chooseTestTimeDefense,
	testTimeDefenses,
} from './test-time/registry.js'
export type { ImagePurifier, PromptAdapter } from './test-time/test-time-defense.js'

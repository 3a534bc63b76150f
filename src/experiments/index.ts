/** Experiments: definitions, runs and results. */

export { type ExperimentDefinition, experimentNames, loadExperiment } from './definition.js'
export type {
	Average,
	Axis,
	Cell,
	Condition,
	ExperimentResult,
	Method,
	PairedResult,
	Problem,
	SeedResult,
} from './experiment-result.js'
export { type PreparedExperiment, type PrepareInput, prepareExperiments } from './prepare.js'
export { readExperimentResult } from './read-experiment-result.js'
export { type FinishedExperiment, type RunExperimentsInput, runExperiments } from './run-experiments.js'

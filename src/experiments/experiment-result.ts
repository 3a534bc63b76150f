/**
 * The result of an experiment: cells of a table or points of a figure, each made from evaluation records. Tables, figures
 * and the report are made only from this and the records that it names. JSON.
 */

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
} from '../records/experiment.js'

/**
 * What an experiment found: cells of a table or points of a figure, each made of records of evaluations. Tables, figures and
 * the report are made of this and of the records that it names, of nothing else. JSON.
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

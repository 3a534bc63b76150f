/** Runs experiments and writes their results. */

import { join } from 'node:path'
import { entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { makeFolder } from '../files/make-folder.js'
import { experimentForm, type Learning } from '../records/experiment.js'
import { writeRecord } from '../records/record-kind.js'
import { collectResult } from './collect.js'
import type { ExperimentResult } from './experiment-result.js'
import { learningOf } from './learning.js'
import { lookIntoRuns } from './look-into-runs.js'
import type { Plan } from './plan.js'
import type { PreparedExperiment } from './prepare.js'
import { resultFile } from './read-experiment-result.js'
import { type RunCellsInput, runCells } from './run-cells.js'
import { loadPaperTargets, measuresAsThePaper } from './targets.js'

/** The input of {@link runExperiments}: that of `runCells`, with experiments in place of their cells. */
export interface RunExperimentsInput extends Omit<RunCellsInput, 'cells'> {
	/** From `prepareExperiments`. */
	readonly experiments: readonly PreparedExperiment[]
	/** Whether to make distortion and galleries for the report; default true. */
	readonly look?: boolean
	/** Called once all cells are done, with the work for the report and the share that is done, in [0, 1]. */
	readonly onLook?: (what: string, share: number) => void
}

/** An experiment's result and its location. */
export interface FinishedExperiment {
	readonly result: ExperimentResult
	/** Folder of the experiment, and {@link resultFile} in it. */
	readonly folder: string
	readonly file: string
}

/**
 * Runs the cells of all experiments, each once even if several experiments share it, and writes one result per experiment. A
 * call that was stopped or killed resumes where it stopped: finished cells are read, others resume.
 * @returns Undefined if the signal stopped it; every finished cell is saved.
 * @throws NaptuneError if nothing at all could be measured, or a file cannot be written; finished measurements are saved.
 */
export async function runExperiments(input: RunExperimentsInput): Promise<FinishedExperiment[] | undefined> {
	const { experiments, engine, output, onFolder, look = true } = input
	const targets = await loadPaperTargets()
	const results = await runCells({ ...input, cells: experiments.flatMap(({ plan }) => plan.cells) })
	if (!results) return undefined
	if (results.measured.size === 0) {
		throw new NaptuneError(
			'NAP_MEASUREMENT_FAILED',
			`Nothing could be measured:\n${[...new Set(results.problems.values())].join('\n')}`,
		)
	}
	const finished = []
	for (const { plan, quick, missing } of experiments) {
		const problems = look ? await lookIntoRuns({ ...input, plan, results }) : []
		if (!problems) return undefined
		const comparable = (await measuresAsThePaper(plan.definition)) ? targets : undefined
		const learning = await learningOfCells(plan, output)
		const result = collectResult({ plan, results, problems, quick, missing, targets: comparable, learning, engine })
		const folder = join(output, plan.folder)
		onFolder?.(folder)
		await makeFolder(folder)
		const file = join(folder, resultFile)
		await writeRecord(experimentForm, file, result)
		finished.push({ result, folder, file })
	}
	return finished
}

/** What moved in the runs of methods that are tuned under a protocol. */
async function learningOfCells({ definition, cells }: Plan, output: string): Promise<Map<string, Learning>> {
	const found = new Map<string, Learning>()
	for (const { cell } of cells) {
		if (entry(definition.methods, cell.method).protocol === undefined || found.has(cell.folder)) continue
		const learning = await learningOf(join(output, cell.folder))
		if (learning) found.set(cell.folder, learning)
	}
	return found
}

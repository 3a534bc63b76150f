/** Runs experiments and writes what they found. */

import { join } from 'node:path'
import { NaptuneError } from '../core/errors.js'
import { makeFolder } from '../files/make-folder.js'
import { experimentForm } from '../records/experiment.js'
import { writeRecord } from '../records/record-kind.js'
import { collectResult } from './collect.js'
import type { ExperimentResult } from './experiment-result.js'
import { lookIntoRuns } from './look-into-runs.js'
import type { PreparedExperiment } from './prepare.js'
import { resultFile } from './read-experiment-result.js'
import { type RunCellsInput, runCells } from './run-cells.js'
import { loadPaperTargets, measuresAsThePaper } from './targets.js'

/** What {@link reproduce} needs: what `runCells` does, with experiments in place of their cells. */
export interface ReproduceInput extends Omit<RunCellsInput, 'cells'> {
	/** As `prepareExperiments` returns them. */
	readonly experiments: readonly PreparedExperiment[]
	/** Told of what is made for the report once all cells are done, and the share of it, in [0, 1]. */
	readonly onLook?: (what: string, share: number) => void
}

/** An experiment's result and where it lies. */
export interface ReproducedExperiment {
	readonly result: ExperimentResult
	/** Folder of the experiment, which holds {@link resultFile}; the one above it is the folder of all experiments. */
	readonly folder: string
}

/**
 * Runs the cells of all experiments, each once however many experiments share it, and writes one result for each. A call
 * that was stopped or killed goes on where it was: finished cells are read, others resume.
 * @returns Undefined when stopped by the signal; every finished cell is saved.
 * @throws NaptuneError when nothing at all could be measured, or a file cannot be written; what was measured is saved.
 */
export async function reproduce(input: ReproduceInput): Promise<ReproducedExperiment[] | undefined> {
	const { experiments, engine, output, onFolder } = input
	const targets = await loadPaperTargets()
	const results = await runCells({ ...input, cells: experiments.flatMap(({ plan }) => plan.cells) })
	if (!results) return undefined
	if (results.measured.size === 0) {
		throw new NaptuneError(`Nothing could be measured:\n${[...new Set(results.problems.values())].join('\n')}`)
	}
	const reproduced = []
	for (const { plan, quick, missing } of experiments) {
		const problems = await lookIntoRuns({ ...input, plan, results })
		if (!problems) return undefined
		const comparable = (await measuresAsThePaper(plan.definition)) ? targets : undefined
		const result = collectResult({ plan, results, problems, quick, missing, targets: comparable, engine })
		const folder = join(output, plan.definition.name)
		onFolder?.(folder)
		await makeFolder(folder)
		await writeRecord(experimentForm, join(folder, resultFile), result)
		reproduced.push({ result, folder })
	}
	return reproduced
}

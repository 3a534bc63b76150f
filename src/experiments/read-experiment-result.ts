/** Reads and verifies the result of an experiment. */

import { NaptuneError } from '../core/errors.js'
import { type ExperimentResult, experimentForm } from '../records/experiment.js'
import { experimentFile } from '../records/names.js'
import { readRecord } from '../records/record-kind.js'

/** Name of the file in an experiment's folder. */
export const resultFile = experimentFile

/**
 * Reads the result of an experiment.
 * @param file Its `result.json`.
 * @throws NaptuneError if the file is missing or not such a result, naming the wrong fields, or if a cell has a model, data
 * set, method or condition that the result does not list.
 */
export async function readExperimentResult(file: string): Promise<ExperimentResult> {
	const result: ExperimentResult = await readRecord(experimentForm, file)
	const listed = {
		model: new Set(result.models),
		dataset: new Set(result.datasets),
		method: new Set(result.methods.map(({ name }) => name)),
		condition: new Set(result.conditions.map(({ name }) => name)),
	}
	for (const found of result.cells) {
		for (const [key, names] of Object.entries(listed) as [keyof typeof listed, Set<string>][]) {
			if (names.has(found[key])) continue
			throw new NaptuneError(
				'NAP_RECORD_CHANGED',
				`${file} contradicts itself: a cell has the ${key} ${JSON.stringify(found[key])}, which the result does not list. Run the experiment again.`,
			)
		}
	}
	return result
}

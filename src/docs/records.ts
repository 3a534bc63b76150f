/** Committed records, the source of the numbers in the documentation. */

import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { readExperimentResult } from '../experiments/read-experiment-result.js'
import type { EvaluationRecord } from '../records/evaluation.js'
import { evaluationKind } from '../records/evaluation.js'
import type { RecordForm, RecordOf } from '../records/record-form.js'
import { parseRecord } from '../records/record-form.js'
import { root } from './root.js'

/** A record in `results/`. @throws NaptuneError if it is not of this kind. */
export async function recordAt<Form extends RecordForm<z.ZodType>>(form: Form, path: string): Promise<RecordOf<Form>> {
	const file = `${root}results/${path}`
	return parseRecord(form, JSON.parse(await readFile(file, 'utf8')), file) as RecordOf<Form>
}

/** The result of an experiment in `results/`. */
export function experimentAt(folder: string) {
	return readExperimentResult(`${root}results/${folder}/result.json`)
}

/** An evaluation in `results/`. @param path Without `.json`. */
export function evaluationAt(path: string): Promise<EvaluationRecord> {
	return recordAt(evaluationKind, `${path}.json`)
}

/** The demo's NAP, or vanilla CLIP beside it. @param attack Such as `nap-pgd-100`. */
export function demoEvaluation(attack: string, images = 200, levels = 3): Promise<EvaluationRecord> {
	return evaluationAt(`demo/evaluations/${attack}-linf-${levels}-255-test-${images}-seed1`)
}

/** The NAP of the main table, or vanilla CLIP beside it, on few images. @param attack Such as `nap+ttc-pgd-20`. */
export function tableEvaluation(attack: string, images: number): Promise<EvaluationRecord> {
	return evaluationAt(`fair/nap/evaluations/${attack}-linf-3-255-test-${images}-seed1`)
}

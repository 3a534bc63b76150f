/** Finds the source of a report by its path. */

import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import { shellWord } from '../../core/shell-word.js'
import { inspectRun, type RunInspection } from '../../evaluation/deployed/inspect-run.js'
import { readEvaluationRecord } from '../../evaluation/robustness/record.js'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { readExperimentResult, resultFile } from '../../experiments/read-experiment-result.js'
import { readJsonFile } from '../../files/json-file.js'
import { didYouMeanPath } from '../../files/nearest-path.js'
import { runFiles } from '../../methods/tuning/run-directory.js'
import type { PlacedRecord } from './records-result.js'

/** An experiment, a tuning run or a single evaluation. */
export type ReportSource =
	| {
			readonly kind: 'experiment'
			readonly folder: string
			/** Base folder of the result's paths: that of all experiments, or its own if runs have folders by method. */
			readonly root: string
			readonly result: ExperimentResult
	  }
	| {
			readonly kind: 'run'
			readonly folder: string
			readonly inspection: RunInspection
			/** Records with paths relative to the run. */
			readonly records: readonly PlacedRecord[]
			/** Unreadable files. */
			readonly problems: readonly string[]
	  }
	| { readonly kind: 'evaluation'; readonly folder: string; readonly placed: PlacedRecord }

/**
 * Reads an experiment's folder or its `result.json`, a run directory, or an evaluation record.
 * @param model Where a run's checkpoint is now; by default where it was.
 * @throws NaptuneError when the path holds none of these, or it is damaged.
 */
export async function readReportSource(path: string, model?: string): Promise<ReportSource> {
	const place = resolve(path)
	const status = await stat(place).catch(() => undefined)
	if (!status)
		throw new NaptuneError('NAP_FILE_MISSING', `${place} does not exist. ${expected}${didYouMeanPath(place)}`)
	if (!status.isDirectory()) return fileSource(place)
	if (existsSync(join(place, runFiles.description))) return runSource(place, model)
	const result = join(place, resultFile)
	if (existsSync(result)) return experimentSource(result)
	if (existsSync(join(place, earlierComparison))) throw await comparisonOfEarlier(place)
	throw new NaptuneError('NAP_INPUT_UNSUITABLE', `${place} holds neither an experiment nor a run. ${expected}`)
}

/** File that `compare` of earlier versions wrote. */
const earlierComparison = 'comparison.json'

/** Tells how to make a result from the runs of an earlier comparison. */
async function comparisonOfEarlier(place: string): Promise<NaptuneError> {
	const content = await readJsonFile(join(place, earlierComparison))
	const { preset } = isRecord(content) ? content : {}
	const name = isRecord(preset) && typeof preset.name === 'string' ? preset.name : 'PRESET'
	return new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`${place} holds a comparison of an earlier version. Make its result first, which reuses finished work: naptune compare --preset ${name} --output ${shellWord(place)}`,
	)
}

const expected =
	'Give the folder of an experiment (with result.json), the run directory of a tuning run (with run.json), or an evaluation record (.json).'

async function fileSource(place: string): Promise<ReportSource> {
	const content = await readJsonFile(place)
	if (isRecord(content) && 'layout' in content && 'cells' in content) return experimentSource(place)
	if (isRecord(content) && 'outcomes' in content) {
		const record = await readEvaluationRecord(place)
		return { kind: 'evaluation', folder: dirname(place), placed: { path: basename(place), record } }
	}
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`${place} is neither the result of an experiment nor an evaluation record. ${expected}`,
	)
}

async function experimentSource(file: string): Promise<ReportSource> {
	const folder = dirname(file)
	const result = await readExperimentResult(file)
	const root = result.definition.folders === 'by-method' ? folder : dirname(folder)
	return { kind: 'experiment', folder, root, result }
}

async function runSource(folder: string, model: string | undefined): Promise<ReportSource> {
	const inspection = await inspectRun(folder, model)
	const records: PlacedRecord[] = []
	const problems: string[] = []
	for (const path of await jsonFiles(folder, 'evaluations')) {
		try {
			records.push({ path, record: await readEvaluationRecord(join(folder, path)) })
		} catch (error) {
			if (!(error instanceof NaptuneError)) throw error
			problems.push(error.message)
		}
	}
	return { kind: 'run', folder, inspection, records, problems }
}

/** Sorted paths of the JSON files in a subfolder; empty if it does not exist. */
export async function jsonFiles(folder: string, below: string): Promise<string[]> {
	const found = join(folder, below)
	if (!existsSync(found) || !(await stat(found)).isDirectory()) return []
	const names = await readdir(found)
	return names
		.filter((name) => name.endsWith('.json') && !name.startsWith('.'))
		.sort()
		.map((name) => `${below}/${name}`)
}

/** Reads a finished tuning run from its directory: model, data, defense and parameters, all verified to be the same. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadClip } from '../../checkpoints/load-clip.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import type { DataOrigin, Dataset } from '../../data/dataset.js'
import { type LoadOptions, loadDataset } from '../../data/registry.js'
import { didYouMeanPath } from '../../files/nearest-path.js'
import { finalParameters } from '../../methods/tuning/run-result.js'
import { runFiles } from '../../records/names.js'
import {
	dataOriginSchema,
	isOrigin,
	originName,
	originSample,
	originSplitSeed,
	withoutSample,
} from '../../records/parts/data-origin.js'
import { readRecord } from '../../records/record-kind.js'
import { type RunDescription, runDescriptionForm, runResultForm } from '../../records/run.js'
import { sameSettings } from '../../records/settings.js'
import { loadTensors } from '../../training/tensor-set.js'
import type { ClipModel } from '../../vlm/model.js'
import { requireFiniteParameters } from './finite-parameters.js'
import { checkParameters, type DescribedModel, describedModel, type TunedModel } from './tuned-model.js'

/** A tuned model with its final parameters, ready for evaluation or use. */
export interface TunedRun extends TunedModel {
	readonly directory: string
	/** What people should know about its files, such as that one cannot be verified. */
	readonly notices: readonly string[]
	/** The few-shot sample of its tuning, as `fewShot` draws it. */
	readonly fewShot?: { readonly shots: number; readonly seed: number }
	/** Folder that contains the folders of named data sets; missing if the run's data needs none. */
	readonly dataRoot?: string
	/**
	 * Loads the data set that the run was tuned on.
	 * @param onProgress Called with the progress of a download, if the data must be fetched again.
	 * @throws NaptuneError if the data is gone or has changed.
	 */
	dataset(onProgress?: LoadOptions['onProgress']): Promise<Dataset>
}

/** A run, finished or not, and what it tunes. */
export interface OpenedRun extends DescribedModel {
	readonly clip: ClipModel
	/** The whole content of `run.json`. */
	readonly description: RunDescription
}

/**
 * Opens a run, finished or not.
 * @param directory As given to `tune`.
 * @param model New location of the model; default: the recorded one.
 * @throws NaptuneError if there is no run, its description is damaged, or the model's weights differ.
 */
export async function openRun(directory: string, model?: string): Promise<OpenedRun> {
	const path = join(directory, runFiles.description)
	if (!existsSync(path)) {
		throw new NaptuneError(
			'NAP_RUN_MISSING',
			`${directory} holds no tuning run: ${runFiles.description} is missing. Give the folder that naptune tune wrote (--output).${didYouMeanPath(directory)}`,
		)
	}
	const run: RunDescription = await readRecord(runDescriptionForm, path)
	const clip = await loadClip(model ?? placeOfModel(directory, run.model.source))
	return { clip, ...describedModel(run, clip, directory), description: run }
}

/** Experiments name what a run is tuned over from the run's own folder, so that both can be moved together. */
function placeOfModel(directory: string, source: string): string {
	if (!source.startsWith('../')) return source
	const beside = join(directory, source)
	const found = [beside, source].find((place) => existsSync(place))
	if (found !== undefined) return found
	throw new NaptuneError(
		'NAP_FILE_MISSING',
		`${directory} was tuned over the checkpoint ${source}, which is neither there nor at ${beside}. Restore it, or say where it lies with --model.`,
	)
}

/**
 * Opens a finished run.
 * @param dataRoot New folder of the named data sets; default: the recorded one.
 * @throws NaptuneError as {@link openRun}, if the run is not finished, or its parameters are damaged.
 */
export async function loadTunedRun(directory: string, model?: string, dataRoot?: string): Promise<TunedRun> {
	const parametersFile = join(directory, runFiles.parameters)
	if (existsSync(join(directory, runFiles.description)) && !existsSync(parametersFile)) {
		throw new NaptuneError(
			'NAP_RUN_UNFINISHED',
			`The run in ${directory} is not finished: ${runFiles.parameters} is missing. Finish it with naptune tune --resume and the same options.`,
		)
	}
	const { clip, defense, trainedEpsilon, protocol, description } = await openRun(directory, model)
	const { parameters, notices } = await recordedParameters(directory, parametersFile)
	checkParameters(defense, parameters, parametersFile)
	requireFiniteParameters(parameters, parametersFile)
	const { origin } = description.dataset
	const sample = originSample(origin)
	// The location of the data is not part of its identity.
	const root = dataRoot ?? (isOrigin(origin, 'benchmark') ? origin.root : undefined)
	return {
		directory,
		clip,
		defense,
		parameters,
		notices,
		trainedEpsilon,
		protocol,
		...defined({ fewShot: sample && { shots: sample.shots, seed: sample.seed }, dataRoot: root }),
		dataset: (onProgress) =>
			sameDataset(withoutSample(origin), directory, { root, ...defined({ onProgress: onProgress || undefined }) }),
	}
}

/** The final parameters of a run, verified against the fingerprint in its record, if there is one. */
async function recordedParameters(directory: string, path: string): Promise<Pick<TunedRun, 'parameters' | 'notices'>> {
	const recorded = join(directory, runFiles.result)
	if (existsSync(recorded)) {
		return { parameters: await finalParameters(directory, await readRecord(runResultForm, recorded)), notices: [] }
	}
	const notice = `${recorded} is missing, which holds the fingerprint of ${runFiles.parameters}, so damage to the parameters would go unnoticed.`
	return { parameters: await loadTensors(path), notices: [notice] }
}

async function sameDataset(
	source: DataOrigin,
	directory: string,
	options: Pick<LoadOptions, 'root' | 'onProgress'>,
): Promise<Dataset> {
	if (isOrigin(source, 'own')) {
		throw new NaptuneError(
			'NAP_DATA_UNKNOWN',
			`${directory} was tuned on data made by a program, which has no name to load it by. Use the run from that program, or evaluate it on other data.`,
		)
	}
	const name = originName(source)
	const dataset = await loadDataset(name, { ...options, seed: originSplitSeed(source) ?? 1 })
	if (!sameSettings(dataOriginSchema, source, dataset.origin)) {
		throw new NaptuneError(
			'NAP_DATA_CHANGED',
			`The data in ${name} has changed since ${directory} was tuned on it: images were added, removed, renamed or moved to another class or split. Restore it, or tune again.`,
		)
	}
	// As recorded, so that existing records of the run can resume.
	return { ...dataset, origin: source }
}

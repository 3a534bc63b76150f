/** Loads models, data and runs by the names a person gives. */

import { resolve } from 'node:path'
import { embeddedModel } from '../../checkpoints/checkpoint.js'
import { loadClip } from '../../checkpoints/load-clip.js'
import { absoluteSource } from '../../checkpoints/model-source.js'
import { defined } from '../../core/defined.js'
import type { Dataset, Split } from '../../data/dataset.js'
import { loadDataset } from '../../data/registry.js'
import { atMost } from '../../data/subsets.js'
import { loadTunedRun, type TunedRun } from '../../evaluation/deployed/tuned-run.js'
import type { ClipModel } from '../../vlm/model.js'
import type { JobContext } from '../job.js'
import { followDownload } from './follow-download.js'

/** The data set that comes with the package. */
export const packagedData = 'cifar10-mini'

/** The parts of a job's context that loading uses. */
type LoadingContext = Pick<JobContext, 'imageLoader' | 'onNote' | 'onProgress' | 'signal'>

/**
 * Loads a model. Records hold absolute folder paths, so that a run works from any directory.
 * @param context Receives download progress and notes about the checkpoint; its signal may stop the download.
 */
export function loadModel(
	context: Pick<JobContext, 'onNote' | 'onProgress' | 'signal'>,
	source: string,
): Promise<ClipModel> {
	const { onProgress, end } = followDownload(context)
	const onNotice = (text: string) => context.onNote({ kind: 'note', text })
	const place = absoluteSource(source, (name) => name === embeddedModel)
	return loadClip(place, { onProgress, onNotice }).finally(end)
}

/** Loads data, whose images the job's loader reads, and passes its notices on. */
export async function loadData(
	context: LoadingContext,
	nameOrFolder: string,
	seed: number,
	root?: string,
): Promise<Dataset> {
	const { onProgress, end } = followDownload(context)
	const options = { seed, onProgress, ...defined({ root }) }
	const dataset = await loadDataset(nameOrFolder, options).finally(end)
	noteNotices(context, dataset.notices)
	return context.imageLoader().dataset(dataset)
}

/** Passes notices about data on as notes. */
export function noteNotices({ onNote }: Pick<JobContext, 'onNote'>, notices: readonly string[]): void {
	for (const text of notices) onNote({ kind: 'note', text })
}

/** The images chosen by a job's split, limit and seed. */
export function chosenImages(
	dataset: Dataset,
	{
		split,
		limit,
		seed,
	}: {
		readonly split: 'train' | 'validation' | 'test'
		readonly limit?: number | undefined
		readonly seed: number
	},
): Split {
	return atMost(dataset[split], limit, seed)
}

/**
 * Loads a finished run, whose images the job's loader reads; downloads report progress and stop with the signal.
 * @throws NaptuneError as `loadTunedRun` does.
 */
export async function tunedRun(
	context: LoadingContext,
	input: { readonly run: string; readonly model?: string | undefined; readonly dataRoot?: string | undefined },
): Promise<TunedRun> {
	const run = await loadTunedRun(resolve(input.run), input.model, input.dataRoot)
	for (const text of run.notices) context.onNote({ kind: 'note', text })
	return {
		...run,
		async dataset() {
			const { onProgress, end } = followDownload(context)
			return context.imageLoader().dataset(await run.dataset(onProgress).finally(end))
		},
	}
}

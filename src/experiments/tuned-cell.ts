/** The tuned model of a cell: tuned, gone on with, or read where it is finished. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'
import type { Dataset } from '../data/dataset.js'
import type { UnreadableImage } from '../data/loading/unreadable.js'
import type { Defense } from '../defenses/defense.js'
import { runFiles } from '../methods/tuning/run-directory.js'
import { checkRun, type EpochRecord, finishedRun, type TuneInput, tune } from '../methods/tuning/tune.js'
import type { ModelEngine } from '../runtime/engine.js'
import type { ClipModel } from '../vlm/model.js'
import { overItsBase, overRecordedBase } from './base-cell.js'
import type { TunedCell } from './cells.js'

/** What tuning the cells of experiments needs. */
export interface TuneCellsInput {
	readonly engine: ModelEngine
	/** Folder of all experiments. */
	readonly output: string
	/** Training images of a few-shot sample that cannot be read and are left out; by default none are. */
	readonly unreadable?: (
		dataset: Dataset,
		sample: { readonly shots: number; readonly seed: number },
	) => Promise<readonly UnreadableImage[]>
	/** Called before a folder is written to. */
	readonly onFolder?: (folder: string) => void
	/** Called when a cell is about to be tuned or gone on with. */
	readonly onTuning?: (cell: TunedCell) => void
	readonly onEpoch?: (cell: TunedCell, record: EpochRecord) => void
	readonly signal?: AbortSignal | undefined
}

/** A model that can be attacked. */
export interface CellModel {
	/** What was tuned: the cell's own model, or the checkpoint of the cell that it is over. */
	readonly clip: ClipModel
	readonly defense: Defense
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	/** That its tuning took. */
	readonly seconds: number
}

/**
 * Tunes a cell, goes on with it, or reads it where it is finished.
 * @param onShare Called with the share of all images that were visited, in [0, 1].
 * @returns Undefined when stopped by the signal.
 * @throws NaptuneError as `tune`.
 */
export async function tunedModel(
	input: TuneCellsInput,
	cell: TunedCell,
	onShare?: (share: number) => void,
): Promise<CellModel | undefined> {
	if (cell.control) return { clip: cell.model.clip, defense: cell.control, parameters: {}, seconds: 0 }
	const { onEpoch, onFolder, onTuning, signal } = input
	const ready = (await overItsBase(input.output, cell)) ?? (await overTunedBase(input, cell))
	if (!ready) return undefined
	const run = await tuneInput(input, ready)
	onFolder?.(run.output)
	if (!existsSync(join(run.output, runFiles.parameters))) onTuning?.(cell)
	const result = await tune({
		...run,
		onProgress: ({ imagesDone, imagesTotal }) => onShare?.(imagesDone / imagesTotal),
		...defined({ onEpoch: onEpoch && ((record: EpochRecord) => onEpoch(cell, record)), signal }),
	})
	return result.finished ? { ...result, clip: run.clip } : undefined
}

/** Tunes what a cell is over first, or makes the checkpoint again where it alone is gone. @returns Undefined when stopped. */
async function overTunedBase(input: TuneCellsInput, { base, ...cell }: TunedCell): Promise<TunedCell | undefined> {
	if (!base || !(await tunedModel(input, base))) return undefined
	const ready = await overItsBase(input.output, { ...cell, base })
	if (ready) return ready
	const folder = join(input.output, base.folder)
	throw new NaptuneError(
		'NAP_FILE_MISSING',
		`${folder} is finished, but its checkpoint, which ${cell.method} is tuned over, is gone. Restore it, or remove ${folder} to tune it again.`,
	)
}

/** Whether the run of a cell is finished and its parameters are gone, as those in a repository. */
export function lacksParameters({ output }: Pick<TuneCellsInput, 'output'>, { folder, control }: TunedCell): boolean {
	const holds = (file: string) => existsSync(join(output, folder, file))
	return !control && holds(runFiles.result) && !holds(runFiles.parameters)
}

/**
 * The finished run of a cell whose parameters are gone; undefined for any other cell, and where it was made under another
 * description.
 */
export async function runWithoutParameters(
	input: TuneCellsInput,
	cell: TunedCell,
): Promise<Pick<CellModel, 'clip' | 'defense' | 'seconds'> | undefined> {
	if (!lacksParameters(input, cell)) return undefined
	const ready = await overRecordedBase(input.output, cell)
	const found = ready && (await finishedRun(await tuneInput(input, ready)))
	return ready && found && { clip: ready.model.clip, defense: found.defense, seconds: found.result.seconds }
}

/**
 * Checks whether every cell could be tuned, or gone on with in its folder, before the first hour is spent; writes nothing.
 * @throws NaptuneError as `tune` would before its first step.
 */
export async function checkCells(input: TuneCellsInput, cells: readonly TunedCell[]): Promise<void> {
	for (const cell of cells) {
		if (cell.control || (await runWithoutParameters(input, cell))) continue
		const ready = await overItsBase(input.output, cell)
		// Before its base is tuned, what is known of a run is whether model, data and settings fit together.
		const asFarAsKnown = ready ?? { ...cell, folder: `${cell.folder}/not-begun` }
		await checkRun(await tuneInput(input, asFarAsKnown))
	}
}

async function tuneInput({ engine, output, unreadable }: TuneCellsInput, cell: TunedCell): Promise<TuneInput> {
	const { model, dataset, tuning, folder } = cell
	if (!tuning) throw new RangeError(`${folder} is neither tuned nor a control.`)
	const { config, origin } = tuning
	const directory = join(output, folder)
	return {
		engine,
		clip: model.clip,
		dataset,
		config,
		origin,
		output: directory,
		resume: existsSync(join(directory, runFiles.description)),
		...defined({ unreadable: await unreadable?.(dataset, config) }),
	}
}

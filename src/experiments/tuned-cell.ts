/** The tuned model of a cell: tuned, resumed, or read if it is finished. */

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

/** What it takes to tune the cells of experiments. */
export interface TuneCellsInput {
	readonly engine: ModelEngine
	/** Folder of all experiments. */
	readonly output: string
	/** Unreadable training images of a few-shot sample, which are excluded; default: none. */
	readonly unreadable?: (
		dataset: Dataset,
		sample: { readonly shots: number; readonly seed: number },
	) => Promise<readonly UnreadableImage[]>
	/** Called before anything is written to a folder. */
	readonly onFolder?: (folder: string) => void
	/** Called before a cell is tuned or resumed. */
	readonly onTuning?: (cell: TunedCell) => void
	readonly onEpoch?: (cell: TunedCell, record: EpochRecord) => void
	readonly signal?: AbortSignal | undefined
}

/** A model ready for attack. */
export interface CellModel {
	/** What was tuned: the cell's own model, or the checkpoint of the cell that it is over. */
	readonly clip: ClipModel
	readonly defense: Defense
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	/** Seconds that its tuning took. */
	readonly seconds: number
}

/**
 * Tunes a cell, resumes it, or reads it if it is finished.
 * @param onShare Called with the share of all images visited, in [0, 1].
 * @returns Undefined if the signal stopped it.
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

/** Whether the run of a cell is finished and its parameters are gone, as in a repository. */
export function lacksParameters({ output }: Pick<TuneCellsInput, 'output'>, { folder, control }: TunedCell): boolean {
	const holds = (file: string) => existsSync(join(output, folder, file))
	return !control && holds(runFiles.result) && !holds(runFiles.parameters)
}

/** The finished run of a cell whose parameters are gone; undefined for any other cell, and for a run with another description. */
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
 * Checks before the first hour of work whether every cell could be tuned or resumed in its folder; writes nothing.
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

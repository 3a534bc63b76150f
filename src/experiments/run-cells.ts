/** Runs the cells of experiments one after the other; what is finished is read, what was cut off goes on. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { prepareAttack } from '../attacks/registry.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { recordName } from '../evaluation/robustness/record-name.js'
import { type EvaluationRecord, recordedEvaluation } from '../evaluation/robustness/recorded-evaluation.js'
import type { AdversarialImages } from '../evaluation/stores/adversarial-images.js'
import { storedAttack } from '../evaluation/stores/stored-attack.js'
import { runFiles } from '../methods/tuning/run-directory.js'
import { type EpochRecord, type TuneResult, tune } from '../methods/tuning/tune.js'
import type { ModelEngine } from '../runtime/engine.js'
import { type AttackCell, cellLabel, shortHash, type TunedCell } from './cells.js'
import type { PlannedCell } from './plan.js'
import { imagesOnSurrogates } from './surrogate-cells.js'
import { attackWork, surrogateWork, tuningWork } from './work.js'
import { type CellsProgress, type WorkMeter, type WorkPart, workMeter } from './work-meter.js'

/** A measured cell. */
export interface MeasuredCell {
	readonly record: EvaluationRecord
	/** Below the folder of all experiments, with forward slashes. */
	readonly path: string
	readonly tuningSeconds: number
}

/** What became of cells, by {@link attackKey}. */
export interface CellResults {
	readonly measured: ReadonlyMap<string, MeasuredCell>
	readonly problems: ReadonlyMap<string, string>
}

/** What {@link runCells} needs. */
export interface RunCellsInput {
	readonly engine: ModelEngine
	/** Of all experiments; what several of them share is run once. */
	readonly cells: readonly PlannedCell[]
	/** Folder of all experiments. */
	readonly output: string
	readonly batchSize?: number
	readonly onProgress?: (progress: CellsProgress) => void
	/** Called for a problem as it happens, with what it is of in a few words; the other cells go on. */
	readonly onProblem?: (what: string, message: string) => void
	/** Called before a folder is written to. */
	readonly onFolder?: (folder: string) => void
	readonly onEpoch?: (cell: TunedCell, record: EpochRecord) => void
	/** Called when an attack is done or read from its record. */
	readonly onMeasured?: (cell: TunedCell, attack: AttackCell, measured: MeasuredCell) => void
	readonly signal?: AbortSignal
}

/** What tells attacks on cells apart. */
export function attackKey({ folder }: Pick<TunedCell, 'folder'>, attack: AttackCell): string {
	const { condition: _, split: __, madeOn, ...how } = attack
	return `${folder} ${shortHash({ ...how, madeOn: madeOn && { kind: madeOn.kind, ...madeOn.surrogates } })}`
}

/**
 * Runs all cells. A cell that fails with a NaptuneError is a problem of its own; the others go on.
 * @returns Undefined when stopped by the signal; everything done is saved.
 */
export async function runCells(input: RunCellsInput): Promise<CellResults | undefined> {
	const groups = groupByFolder(input.cells)
	const measured = new Map<string, MeasuredCell>()
	const problems = new Map<string, string>()
	const stores = new Map<string, Promise<AdversarialImages | undefined>>()
	const meter = workMeter(partsOf(groups), input.onProgress)
	for (const { cell, attacks } of groups) {
		if (input.signal?.aborted) return undefined
		const failed = (error: unknown, what: string, keys: Iterable<string>) => {
			if (!(error instanceof NaptuneError)) throw error
			for (const key of keys) problems.set(key, error.message)
			input.onProblem?.(what, error.message)
		}
		let model: Pick<TuneResult, 'defense' | 'parameters'> & { readonly seconds: number }
		try {
			meter.begin(`tuning ${cellLabel(cell)}`)
			const tuned = await tunedModel(input, cell, meter.share)
			if (!tuned) return undefined
			model = tuned
			meter.end()
		} catch (error) {
			failed(error, cellLabel(cell), attacks.keys())
			meter.end()
			meter.skip(attacks.size)
			continue
		}
		for (const [key, attack] of attacks) {
			const what = `${cellLabel(cell)}, ${attack.condition}`
			meter.begin(what)
			try {
				const found = await measuredCell(input, cell, attack, model, stores, meter)
				if (!found) return undefined
				measured.set(key, found)
				input.onMeasured?.(cell, attack, found)
			} catch (error) {
				failed(error, what, [key])
			}
			meter.end()
		}
	}
	return { measured, problems }
}

interface Group {
	readonly cell: TunedCell
	readonly attacks: ReadonlyMap<string, AttackCell>
}

function groupByFolder(cells: readonly PlannedCell[]): Group[] {
	const groups = new Map<string, { readonly cell: TunedCell; readonly attacks: Map<string, AttackCell> }>()
	for (const { cell, attacks } of cells) {
		const group = groups.get(cell.folder) ?? { cell, attacks: new Map<string, AttackCell>() }
		groups.set(cell.folder, group)
		for (const attack of attacks) {
			const key = attackKey(cell, attack)
			if (!group.attacks.has(key)) group.attacks.set(key, attack)
		}
	}
	return [...groups.values()]
}

/**
 * Tunes a cell, goes on with it, or reads it where it is finished.
 * @param onShare Told the share of all images that were visited, in [0, 1].
 * @returns Undefined when stopped by the signal.
 */
export async function tunedModel(
	{
		engine,
		output,
		signal,
		onEpoch,
		onFolder,
	}: Pick<RunCellsInput, 'engine' | 'output' | 'signal' | 'onEpoch' | 'onFolder'>,
	cell: TunedCell,
	onShare?: (share: number) => void,
): Promise<(Pick<TuneResult, 'defense' | 'parameters'> & { readonly seconds: number }) | undefined> {
	const { model, dataset, tuning, control, folder } = cell
	if (!tuning) return { defense: control!, parameters: {}, seconds: 0 }
	const directory = join(output, folder)
	onFolder?.(directory)
	const result = await tune({
		engine,
		clip: model.clip,
		dataset,
		config: tuning.config,
		origin: tuning.origin,
		output: directory,
		resume: existsSync(join(directory, runFiles.description)),
		...defined({ signal: signal || undefined }),
		onProgress: ({ imagesDone, imagesTotal }) => onShare?.(imagesDone / imagesTotal),
		...defined({ onEpoch: onEpoch ? (record: EpochRecord) => onEpoch(cell, record) : undefined }),
	})
	return result.finished ? result : undefined
}

async function measuredCell(
	input: RunCellsInput,
	cell: TunedCell,
	attack: AttackCell,
	model: Pick<TuneResult, 'defense' | 'parameters'> & { readonly seconds: number },
	stores: Map<string, Promise<AdversarialImages | undefined>>,
	meter: WorkMeter,
): Promise<MeasuredCell | undefined> {
	const { engine, output, batchSize = 50, signal } = input
	const { split, threatModel, evaluationSeed, options } = attack
	const { defense, parameters, seconds } = model
	const prepared = attack.madeOn
		? await surrogateAttack(input, cell, attack, stores, meter)
		: prepareAttack(attack.attack, options)
	if (!prepared) return undefined
	const evaluation = {
		engine,
		clip: cell.model.clip,
		dataset: cell.dataset,
		splitName: 'test',
		split,
		defense,
		parameters,
		attack: prepared,
		threatModel,
		seed: evaluationSeed,
		batchSize,
	}
	const path = `${cell.folder}/evaluations/${recordName(evaluation)}`
	input.onFolder?.(join(output, cell.folder, 'evaluations'))
	const record = await recordedEvaluation({
		...evaluation,
		path: join(output, path),
		reuse: true,
		...defined({ signal: signal || undefined }),
		onProgress: ({ work, done, total, standing, roundNumber }) => {
			const share =
				roundNumber > 0 ? `at most ${((100 * standing) / total).toFixed(1)} % robust` : `${done} of ${total}`
			meter.exact(work.done, work.left, share)
		},
	})
	return record && { record, path, tuningSeconds: seconds }
}

/** Stored images as an attack; they are made once for all models that read the same pixels. */
async function surrogateAttack(
	{ engine, output, signal }: RunCellsInput,
	{ model: { clip }, dataset }: TunedCell,
	{ attack, options, threatModel, split, idsHash, evaluationSeed, madeOn }: AttackCell,
	stores: Map<string, Promise<AdversarialImages | undefined>>,
	meter: WorkMeter,
): Promise<ReturnType<typeof storedAttack> | undefined> {
	const { kind, surrogates } = madeOn!
	const { preprocessor } = clip.checkpoint
	const key = shortHash({
		attack,
		options,
		threatModel,
		idsHash,
		kind,
		surrogates,
		preprocessor,
		seed: evaluationSeed,
		size: clip.config.vision.imageSize,
		data: dataset.origin,
	})
	const work = surrogateWork({ attack, options, split })
	const make = () =>
		imagesOnSurrogates({
			engine,
			clip,
			dataset,
			split,
			kind,
			surrogates,
			attack,
			options,
			threatModel,
			seed: evaluationSeed,
			output,
			onProgress: (share, what) => meter.beside(`${what} of ${attack}`, share, work),
			...defined({ signal: signal || undefined }),
		})
	let store = stores.get(key)
	if (!store) {
		store = make()
		stores.set(key, store)
	}
	const images = await store
	return images && storedAttack(images)
}

/** Every group's tuning, then its attacks. */
function partsOf(groups: readonly Group[]): WorkPart[] {
	return groups.flatMap(({ cell, attacks }) => [
		{ work: tuningWork(cell), known: true },
		...[...attacks.values()].map((attack) => attackWork(attack, cell.dataset.classNames.length)),
	])
}

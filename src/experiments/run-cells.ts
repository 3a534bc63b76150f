/** Runs the cells of experiments in turn; it reads finished ones and resumes interrupted ones. */

import { sep } from 'node:path'
import type { AttackCounts } from '../attacks/run/tell-progress.js'
import { NaptuneError } from '../core/errors.js'
import type { SurrogateWorth } from '../records/experiment.js'
import { actionable } from './actionable.js'
import { type AttackCellsInput, attackedPart, keptCell, type MeasuredCell, measuredCell } from './attacked-cell.js'
import { type AttackCell, cellLabel, type TunedCell } from './cells.js'
import { type CellGroup, groupByFolder } from './group-cells.js'
import type { PlannedCell } from './plan.js'
import { lacksParameters, runWithoutParameters, tunedModel } from './tuned-cell.js'
import { attackWork, surrogateWork, tuningWork } from './work.js'
import { type CellsProgress, type WorkMeter, type WorkPart, workMeter } from './work-meter.js'

/** What became of cells, by `attackKey`. */
export interface CellResults {
	readonly measured: ReadonlyMap<string, MeasuredCell>
	readonly problems: ReadonlyMap<string, string>
	/** Folders of runs that can only be read, because their parameters are gone: nothing more can be computed from them. */
	readonly kept: ReadonlySet<string>
	/** Surrogates that images were made on, by {@link surrogatesKey}. */
	readonly surrogates?: ReadonlyMap<string, readonly SurrogateWorth[]>
}

/** The key of the surrogates of a condition on a data set for a model. */
export function surrogatesKey(model: string, dataset: string, condition: string): string {
	return JSON.stringify([model, dataset, condition])
}

/** The input of {@link runCells}. */
export interface RunCellsInput extends Omit<AttackCellsInput, 'stores' | 'onImages' | 'onSurrogates'> {
	/** Cells of all experiments; shared ones run once. */
	readonly cells: readonly PlannedCell[]
	readonly onProgress?: (progress: CellsProgress) => void
	/** Called for a problem as it happens, with a short description of its subject; the other cells continue. */
	readonly onProblem?: (what: string, message: string) => void
	/** Called when an attack is done or read from its record. */
	readonly onMeasured?: (cell: TunedCell, attack: AttackCell, measured: MeasuredCell) => void
}

/**
 * Runs all cells. A cell that fails with a NaptuneError becomes a problem; the others continue.
 * @returns Undefined if the signal stopped it; everything done is saved.
 */
export async function runCells(input: RunCellsInput): Promise<CellResults | undefined> {
	const groups = groupByFolder(input.cells)
	const meter = workMeter(partsOf(groups), input.onProgress)
	const results = {
		measured: new Map<string, MeasuredCell>(),
		problems: new Map<string, string>(),
		kept: new Set<string>(),
		surrogates: new Map<string, readonly SurrogateWorth[]>(),
	}
	const running: Running = {
		...input,
		stores: new Map(),
		onSurrogates: ({ condition }, { model, dataset }, worth) =>
			results.surrogates.set(surrogatesKey(model.name, dataset.name, condition), worth),
		onImages: (attack, tuned, what, share) =>
			meter.beside(`${what} of ${attack.attack}`, share, surrogateWork(attack, tuned)),
		meter,
		results,
		keepsControls: groups.some(({ cell }) => lacksParameters(input, cell)),
	}
	for (const group of groups) {
		if (input.signal?.aborted) return undefined
		if ((await readKept(running, group)) || (await runGroup(running, group))) continue
		return undefined
	}
	return results
}

/** What the groups share. */
interface Running extends RunCellsInput, AttackCellsInput {
	readonly meter: WorkMeter
	/** Whether to accept records of vanilla CLIP from any version, like those of runs beside it. */
	readonly keepsControls: boolean
	readonly results: {
		readonly measured: Map<string, MeasuredCell>
		readonly problems: Map<string, string>
		readonly kept: Set<string>
	}
}

/** Tunes and attacks. @returns False when stopped by the signal. */
async function runGroup(running: Running, { cell, attacks }: CellGroup): Promise<boolean> {
	const { meter, results, onMeasured } = running
	const tuned = await tried(running, cellLabel(cell), attacks.keys(), `tuning ${cellLabel(cell)}`, () =>
		tunedModel(running, cell, meter.share),
	)
	if (tuned === stopped) return false
	if (tuned === failed) {
		meter.skip(attacks.size)
		return true
	}
	for (const [key, attack] of attacks) {
		const what = attackLabel(cell, attack)
		const told = ({ work, done, total, standing, roundNumber }: AttackCounts) => {
			const share =
				roundNumber > 0 ? `at most ${((100 * standing) / total).toFixed(1)} % robust` : `${done} of ${total}`
			meter.exact(work.done, work.left, share)
		}
		const { only } = attack
		if (only) {
			const part = await tried(running, what, [key], what, () => attackedPart(running, cell, attack, only, tuned, told))
			if (part === stopped) return false
			continue
		}
		const found = await tried(running, what, [key], what, () => measuredCell(running, cell, attack, tuned, told))
		if (found === stopped) return false
		if (found === failed) continue
		results.measured.set(key, found)
		onMeasured?.(cell, attack, found)
	}
	return true
}

/**
 * Reads everything wanted from a run whose parameters are gone. A record that was changed is a problem.
 * @returns False if anything is missing: the run is then tuned again, to the same parameters.
 */
async function readKept(running: Running, { cell, attacks }: CellGroup): Promise<boolean> {
	const { meter, results, onMeasured, onProblem } = running
	const control = running.keepsControls ? cell.control : undefined
	const run = control ? { clip: cell.model.clip, defense: control, seconds: 0 } : await keptRun(running, cell)
	if (!run) return false
	const found = new Map<string, MeasuredCell | NaptuneError>()
	for (const [key, attack] of attacks) {
		const kept = await keptCell(running, cell, attack, run).catch(actionable)
		if (!kept) return false
		found.set(key, kept)
	}
	results.kept.add(cell.folder)
	meter.skip(1)
	for (const [key, attack] of attacks) {
		const kept = found.get(key)
		meter.skip(1)
		if (kept instanceof NaptuneError) {
			results.problems.set(key, kept.message)
			onProblem?.(attackLabel(cell, attack), kept.message)
		} else if (kept) {
			results.measured.set(key, kept)
			onMeasured?.(cell, attack, kept)
		}
	}
	return true
}

/** A cell that cannot be tuned is reported when its turn comes. */
async function keptRun(running: Running, cell: TunedCell) {
	const run = await runWithoutParameters(running, cell).catch(actionable)
	return run instanceof NaptuneError ? undefined : run
}

const stopped = Symbol('stopped by the signal')
const failed = Symbol('failed and reported')

/** Does one part of the work; an error that says what to do becomes a problem of everything that depends on it. */
async function tried<T>(
	{ meter, results, onProblem, output }: Running,
	what: string,
	keys: Iterable<string>,
	label: string,
	work: () => Promise<T | undefined>,
): Promise<T | typeof stopped | typeof failed> {
	meter.begin(label)
	try {
		return (await work()) ?? stopped
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		// Relative to the folder of all experiments, like all paths of a result.
		const message = error.message.replaceAll(`${output}${sep}`, '')
		for (const key of keys) results.problems.set(key, message)
		onProblem?.(what, error.message)
		return failed
	} finally {
		meter.end()
	}
}

function attackLabel(cell: TunedCell, { condition }: AttackCell): string {
	return `${cellLabel(cell)}, ${condition}`
}

/** Every group's tuning, then its attacks. */
function partsOf(groups: readonly CellGroup[]): WorkPart[] {
	return groups.flatMap(({ cell, attacks }) => [
		tuningWork(cell),
		...[...attacks.values()].map((attack) => attackWork(attack, cell)),
	])
}

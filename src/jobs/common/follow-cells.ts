/** Reports the progress of experiments. */

import { type AttackCell, cellLabel, type TunedCell } from '../../experiments/cells.js'
import type { RunExperimentsInput } from '../../experiments/run-experiments.js'
import type { Accuracy } from '../../records/parts/accuracy.js'
import type { EpochRecord } from '../../records/run.js'
import { type JobContext, type JobTask, startTask } from '../job.js'

/** Events of jobs that run experiments, besides progress and notes. */
export type ExperimentEvent =
	/** Tuning of a cell, such as `nap on dtd, seed 1`, is about to start. */
	| { readonly kind: 'tuning'; readonly cell: string }
	/** One of the run's `epochs` has finished. */
	| { readonly kind: 'epoch'; readonly cell: string; readonly record: EpochRecord; readonly epochs: number }
	/** An attack has finished, or its record was read. */
	| {
			readonly kind: 'measured'
			readonly cell: string
			readonly condition: string
			readonly robust: Accuracy
			readonly images: number
	  }
	/** A cell could not be measured; the others continue. */
	| { readonly kind: 'problem'; readonly cell: string; readonly message: string }

type Callbacks = Required<
	Pick<RunExperimentsInput, 'onProgress' | 'onTuning' | 'onEpoch' | 'onMeasured' | 'onProblem' | 'onLook' | 'onFolder'>
>

/** Reports one task over all cells in seconds, another for the parts of the report, and events. */
export function followCells(
	context: Pick<JobContext<ExperimentEvent>, 'onProgress' | 'onEvent' | 'onFolder'>,
): Callbacks & { end(): void } {
	const all = startTask(context, 'all cells', 1, 'seconds')
	let looking: { readonly what: string; readonly task: JobTask } | undefined
	return {
		onProgress({ done, total = 0, part, parts, what }) {
			all.update(Math.floor(done), `${part}/${parts} ${what}`, Math.max(1, Math.ceil(done), Math.ceil(total)))
		},
		onTuning(cell) {
			context.onEvent({ kind: 'tuning', cell: cellLabel(cell) })
		},
		onEpoch(cell: TunedCell, record: EpochRecord) {
			const epochs = cell.tuning?.config.epochs ?? record.epoch + 1
			context.onEvent({ kind: 'epoch', cell: cellLabel(cell), record, epochs })
		},
		onMeasured(cell: TunedCell, { condition }: AttackCell, { record: { robust, images } }) {
			context.onEvent({ kind: 'measured', cell: cellLabel(cell), condition, robust, images })
		},
		onProblem(cell, message) {
			context.onEvent({ kind: 'problem', cell, message })
		},
		onLook(what, share) {
			if (looking?.what !== what) {
				looking?.task.end()
				looking = { what, task: startTask(context, what, 100, '%') }
			}
			looking.task.update(Math.floor(100 * share))
		},
		onFolder: context.onFolder,
		end() {
			all.end()
			looking?.task.end()
		},
	}
}

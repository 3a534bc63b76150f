/** What exports are made of, and what their kinds make. */

import type { AttackCounts } from '../attacks/run/tell-progress.js'
import type { ThreatModel } from '../attacks/sets/threat-model.js'
import type { Dataset, Split } from '../data/dataset.js'
import type { TunedRun } from '../evaluation/deployed/tuned-run.js'
import type { Calibration } from '../evaluation/detection/recorded-calibration.js'
import type { EvaluationRecord } from '../records/evaluation.js'
import type { ExportLayout, ExportPrecision, ExportRecord, ExportTask, PreprocessPlace } from '../records/export.js'
import type { ModelEngine } from '../runtime/engine.js'
import type { ExportFile } from './model-message.js'

/** What is exported, and how. */
export interface ExportOptions {
	readonly task: ExportTask
	readonly layout: ExportLayout
	readonly dtype: ExportPrecision
	readonly preprocess: PreprocessPlace
	readonly probabilities: boolean
	readonly correctionScore: boolean
	/** Share of images by which clean or robust accuracy may be lower than the run's. */
	readonly maxDrop: number
	/** Licence of the base model, as an identifier of the hub. */
	readonly license?: string | undefined
}

/** What an export works with. */
export interface ExportInput {
	readonly engine: ModelEngine
	readonly run: TunedRun
	readonly dataset: Dataset
	/** Test images that the export is measured on. */
	readonly split: Split
	readonly threatModel: ThreatModel
	readonly seed: number
	readonly batchSize: number
	readonly options: ExportOptions
	readonly calibration?: Calibration | undefined
	/** Evaluations of the run, for the card. */
	readonly evaluations: readonly EvaluationRecord[]
	/** Name of the preset that the run was tuned by. */
	readonly preset: string | null
	readonly output: string
	readonly signal: AbortSignal
	/** Called with what is measured as it goes. */
	readonly onProgress: (what: string, counts: AttackCounts) => void
}

/** What one kind of export makes: its graphs on the disk are measured before anything else is written. */
export interface MadeExport {
	readonly graphs: ExportRecord['graphs']
	readonly measured: Pick<
		ExportRecord['measured'],
		'parity' | 'clean' | 'robust' | 'reference' | 'preparation' | 'pipelines' | 'how'
	>
	readonly files: readonly ExportFile[]
	/** Files that are written already, beside those of graphs. */
	readonly saved?: readonly string[]
	readonly text?: ExportRecord['text']
}

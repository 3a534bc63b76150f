/** Serves an exported classifier: runs the exported file itself in onnxruntime. */

import { join } from 'node:path'
import { runPadded } from '../classifier/padded-run.js'
import { at, entry } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'
import { valuesOfRow } from '../evaluation/deployed/classify.js'
import { flagRates } from '../evaluation/detection/assessment.js'
import { exportedProgram, pixelValuesOf } from '../export/exported-program.js'
import { graphOf, type LoadedExport } from '../export/load-export.js'
import { readJsonFile } from '../files/json-file.js'
import type { ExportRecord } from '../records/export.js'
import type { ModelEngine } from '../runtime/engine.js'
import { parsePreprocessorConfig } from '../vlm/preprocessor-config.js'
import type { ServedModel } from './served-model.js'

/** The input of {@link servedExport}. */
export interface ServedExportInput {
	/** The engine for the pictures. Whoever supplies it closes it. */
	readonly engine: ModelEngine
	readonly exported: LoadedExport
	/** Share of clean images that may be flagged as heavily corrected. */
	readonly falsePositiveRate: number
}

/** Outputs to report, if the file has them. */
const told = ['logits', 'correction', 'disagreement'] as const
const mostRowsPerThread = 16

/**
 * Prepares an exported classifier for serving. Releasing it leaves the engine running.
 * @throws NaptuneError for exports of another kind, and files that cannot be read.
 */
export async function servedExport(input: ServedExportInput): Promise<ServedModel> {
	const { engine, exported, falsePositiveRate } = input
	const { record, folder } = exported
	if (record.task !== 'classifier' || record.preprocess !== 'outside') {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${folder} is an export for ${record.task} with preprocessing ${record.preprocess} the graph, which naptune cannot serve. Serve the run itself, which also accepts other classes, or export it as a classifier.`,
		)
	}
	const graph = graphOf(record, 'classifier')
	const preprocessorFile = join(folder, 'preprocessor_config.json')
	const preparation = parsePreprocessorConfig(await readJsonFile(preprocessorFile), preprocessorFile)
	const program = await exportedProgram(engine, folder, graph)
	const outputs = told.filter((name) => program.outputs.includes(name))
	const { size } = record.image
	return {
		about: { kind: 'export', method: record.run.defense.name, weights: entry(record.files, graph.file).sha256 },
		classNames: record.classNames,
		view: { kind: 'prepared', size, preparation },
		inputShape: [3, size, size],
		...defined({ corrections: outputs.includes('correction') ? correctionsOf(record, falsePositiveRate) : undefined }),
		async evaluate(pixels) {
			const count = at(pixels.shape, 0)
			const feeds = { pixel_values: pixelValuesOf(pixels, record.image) }
			const rows = { most: mostRowsPerThread * engine.threads }
			const found = await runPadded(program, count, feeds, {}, rows)
			const taps = Object.fromEntries(outputs.map((name) => [name, entry(found, name) as Tensor<'float32'>]))
			return Array.from({ length: count }, (_, row) => valuesOfRow(taps, row))
		},
		release: () => program.release(),
	}
}

function correctionsOf({ calibration }: ExportRecord, falsePositiveRate: number): ServedModel['corrections'] {
	if (!calibration) return undefined
	const { scores } = calibration
	return { calibration, falsePositiveRate, flags: flagRates({ key: calibration, scores }, falsePositiveRate) }
}

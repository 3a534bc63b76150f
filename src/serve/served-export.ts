/** An export as a served model: the exported file itself, in onnxruntime. */

import { mostRowsPerThread, runPadded } from '../classifier/padded-run.js'
import { at, entry } from '../core/at.js'
import { defined } from '../core/defined.js'
import type { Tensor } from '../core/tensor.js'
import { valuesOfRow } from '../evaluation/deployed/classify.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { flagRates } from '../evaluation/detection/assessment.js'
import { exportedWeights, preparationOf } from '../export/attackable-export.js'
import { compiledMessage, exportedMessage } from '../export/exported-message.js'
import { exportedPreparation, pixelValuesPort } from '../export/exported-preparation.js'
import { exportedProgram, pixelValuesOf } from '../export/exported-program.js'
import { graphPart } from '../export/graph-part.js'
import { graphOf, type LoadedExport } from '../export/load-export.js'
import type { Port } from '../onnx/protobuf.js'
import type { ExportRecord } from '../records/export.js'
import type { ModelEngine, Program } from '../runtime/engine.js'
import type { ServedModel } from './served-model.js'
import { servedOpenExport } from './served-open-export.js'
import { servedRun } from './served-run.js'

/** The input of {@link servedExport}. */
export interface ServedExportInput {
	/** The engine for the pictures. Whoever supplies it closes it. */
	readonly engine: ModelEngine
	readonly exported: LoadedExport
	/** Share of clean images that may be flagged as heavily corrected. */
	readonly falsePositiveRate: number
}

/** Outputs to report, if the file has them. */
const reportedOutputs = ['logits', 'correction', 'disagreement'] as const
/**
 * An export, ready to be served. Releasing it leaves the engine running.
 * @throws NaptuneError for files that cannot be read.
 */
export async function servedExport(input: ServedExportInput): Promise<ServedModel> {
	const { engine, exported } = input
	const { layout, task, preprocess } = exported.record
	if (layout === 'transformers') return ofWeights(input)
	if (task === 'zero-shot') return servedOpenExport(engine, exported)
	return preprocess === 'inside' ? preparingInside(input) : preparedOutside(input)
}

async function preparedOutside({ engine, exported, falsePositiveRate }: ServedExportInput): Promise<ServedModel> {
	const { record, folder } = exported
	const program = await exportedProgram(engine, folder, graphOf(record, 'classifier'))
	return {
		...aboutExport(exported, program, falsePositiveRate),
		preparation: { kind: 'prepared', size: record.image.size, preparation: await preparationOf(folder) },
		evaluate: (pixels) => rowsOf(engine, program, pixelValuesOf(pixels, record.image)),
		release: () => program.release(),
	}
}

/** The graph's own preparation is run picture by picture, whose sizes differ, and what lies behind it on batches. */
async function preparingInside({ engine, exported, falsePositiveRate }: ServedExportInput): Promise<ServedModel> {
	const { record } = exported
	const graph = graphOf(record, 'classifier')
	const message = await exportedMessage(exported, graph)
	const inputs = [pixelValuesPort(record.image)]
	const outputs: Port[] = graph.outputs.flatMap(({ name, shape }) =>
		reportedOutputs.some((known) => known === name) ? [{ name, type: 'float32', shape }] : [],
	)
	const model = graphPart(message.model, { feeds: inputs, outputs })
	const program = await compiledMessage(engine, { ...message, model }, { inputs, outputs }, graph.file)
	const prepare = await exportedPreparation(engine, message, record.image)
	return {
		...aboutExport(exported, program, falsePositiveRate),
		preparation: async (picture) => (await prepare.pixelValues(picture)).data,
		evaluate: (pixelValues) => rowsOf(engine, program, pixelValues),
		async release() {
			await prepare.release()
			await program.release()
		},
	}
}

/** Description of a served classifier. */
function aboutExport({ record }: LoadedExport, { outputs }: Program, falsePositiveRate: number) {
	const { size } = record.image
	return {
		about: { ...describedExport(record), weights: entry(record.files, graphOf(record, 'classifier').file).sha256 },
		classNames: record.classNames,
		inputShape: [3, size, size] as const,
		...defined({
			probabilities: record.probabilities,
			corrections: outputs.includes('correction') ? correctionsOf(record, falsePositiveRate) : undefined,
		}),
	}
}

/** Description of any export. */
function describedExport({ run }: ExportRecord) {
	return { kind: 'export' as const, method: run.defense.name }
}

async function rowsOf(engine: ModelEngine, program: Program, pixel_values: Tensor<'float32'>) {
	const outputs = reportedOutputs.filter((name) => program.outputs.includes(name))
	const count = at(pixel_values.shape, 0)
	const found = await runPadded(program, count, { pixel_values }, {}, { most: mostRowsPerThread * engine.threads })
	const taps = Object.fromEntries(outputs.map((name) => [name, entry(found, name) as Tensor<'float32'>]))
	return Array.from({ length: count }, (_, row) => valuesOfRow(taps, row))
}

function correctionsOf({ calibration }: ExportRecord, falsePositiveRate: number): ServedModel['corrections'] {
	if (!calibration) return undefined
	const { scores } = calibration
	return { calibration, falsePositiveRate, flags: flagRates({ key: calibration, scores }, falsePositiveRate) }
}

/** Weights of a CLIPModel: a CLIP without anything tuned beside them. */
async function ofWeights({ engine, exported, falsePositiveRate }: ServedExportInput): Promise<ServedModel> {
	const { clip, defense } = await exportedWeights(exported)
	const classifier = await deployedClassifier(engine, clip, defense, {})
	const served = servedRun({ engine, run: { clip, defense, parameters: {} }, classifier, falsePositiveRate })
	return { ...served, about: { ...describedExport(exported.record), weights: clip.checkpoint.sha256 } }
}

/** The folder of an export, of any kind, as what a gate decides on. */

import { basename } from 'node:path'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { float32, type Tensor } from '../core/tensor.js'
import { type Dataset, idsOf, labelsOf, type Split } from '../data/dataset.js'
import { classPositions } from '../evaluation/deployed/class-positions.js'
import { type AttackableExport, attackableExport } from '../export/attackable-export.js'
import { type LoadedExport, loadExport } from '../export/load-export.js'
import { levelComparison } from '../export/measure-preparation.js'
import type { OnnxDeclaration } from '../records/gate.js'
import { percentText } from '../report/number-text.js'
import type { ModelEngine } from '../runtime/engine.js'
import type { GateSubject } from './subject.js'

/** What {@link exportSubject} needs. */
export interface ExportSubjectInput {
	readonly engine: ModelEngine
	/** The folder. */
	readonly path: string
	readonly dataset: Dataset
	/** The sample in its order. */
	readonly split: Split
	/** A class of a classifier, by its name or position, for each folder of the data, where their names differ. */
	readonly classMap?: OnnxDeclaration['classMap']
}

/**
 * Opens an export. One for any classes is judged on those of the data.
 * @throws NaptuneError when it is damaged, has no gradient, or is a classifier of other classes than the data's.
 */
export async function exportSubject({
	engine,
	path,
	dataset,
	split,
	classMap,
}: ExportSubjectInput): Promise<GateSubject> {
	const exported = await loadExport(path)
	const opened = await attackableExport(engine, exported, dataset.classNames)
	try {
		const { classifier, notices } = opened
		const mapping = exported.record.task === 'classifier' ? classMap : undefined
		const names = { folders: dataset.classNames, classNames: classifier.classNames, hasNames: true }
		const places = classPositions({ ...names, ...defined({ mapping }) })
		return {
			kind: 'export',
			name: basename(exported.folder),
			content: contentOf(exported, classifier.classNames),
			classifier,
			images: {
				ids: idsOf(split),
				labels: labelsOf(split).map((label) => at(places.positions, label)),
				pixels: (rows) => preparedRows(opened, split, rows),
			},
			notices: [...notices, ...(await preparationNotices(opened, split)), ...places.notices],
			audited: async (model) => ({ subject: { model }, release: async () => {} }),
			release: () => opened.release(),
		}
	} catch (error) {
		await opened.release()
		throw error
	}
}

/** What decides outcomes: the files but the card and the programs beside them, and what is read of the description. */
function contentOf({ record }: LoadedExport, classNames: readonly string[]): unknown {
	const deciding =
		/\.(?:onnx|onnx_data|safetensors)$|(?:^|\/)(?:tokenizer|tokenizer_config|preprocessor_config|config)\.json$/
	const { task, layout, dtype, preprocess, image, text = null, graphs, files } = record
	return JSON.parse(
		JSON.stringify({
			export: { task, layout, dtype, preprocess, image, text, graphs },
			files: Object.entries(files).flatMap(([name, { sha256 }]) => (deciding.test(name) ? [[name, sha256]] : [])),
			classNames,
		}),
	)
}

/** [n, 3, S, S] in [0, 1]. */
async function preparedRows(
	{ classifier, prepared }: AttackableExport,
	split: Split,
	rows: readonly number[],
): Promise<Tensor<'float32'>> {
	const size = classifier.inputShape.reduce((product, n) => product * n, 1)
	const all = new Float32Array(rows.length * size)
	for (const [index, row] of rows.entries()) all.set(await prepared(await split.image(row)), index * size)
	return float32([rows.length, ...classifier.inputShape], all)
}

/** How far a preparation in the graph is from naptune's, on the sample itself. */
async function preparationNotices({ prepared, preparedByNaptune }: AttackableExport, split: Split): Promise<string[]> {
	if (!preparedByNaptune) return []
	const levels = levelComparison()
	for (let index = 0; index < split.length; index++) {
		const picture = await split.image(index)
		levels.add(await prepared(picture), preparedByNaptune(picture))
	}
	const { differingPixels, largestDifference } = levels.found()
	return [
		`Its own preparation of the ${split.length} pictures differs from naptune's, which is Pillow's, in ${percentText(differingPixels)} of the bytes, by at most ${largestDifference} of 255.`,
	]
}

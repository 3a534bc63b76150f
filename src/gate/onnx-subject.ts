/** Any ONNX model of an image classifier, alone or in the folder of an export, as what a gate decides on. */

import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { openOnnxClassifier } from '../classifier/files/open-onnx-classifier.js'
import type { OnnxClassifierOptions } from '../classifier/onnx-file/onnx-classifier.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { float32, type Tensor } from '../core/tensor.js'
import { type Dataset, idsOf, labelsOf, type Split } from '../data/dataset.js'
import { classPositions } from '../evaluation/deployed/class-positions.js'
import { preparedPixels } from '../evaluation/robustness/recorded-onnx-attack.js'
import { readJsonFile } from '../files/json-file.js'
import { writeUnitPixels } from '../images/pixels.js'
import { viewOf } from '../images/view.js'
import type { OnnxDeclaration } from '../records/gate.js'
import type { Engine } from '../runtime/engine.js'
import { type PreprocessorConfig, parsePreprocessorConfig } from '../vlm/preprocessor-config.js'
import type { GateSubject } from './subject.js'

/** What says of a folder that it is an export. */
export const exportDescription = 'export.json'

/** What {@link onnxSubject} and {@link exportSubject} need. */
export interface OnnxSubjectInput {
	readonly engine: Engine
	/** Of the model, or of the export's folder. */
	readonly path: string
	readonly dataset: Dataset
	/** The sample in its order. */
	readonly split: Split
	/** How the model takes images, where it does not say so itself. */
	readonly declared?: OnnxDeclaration
	/** The model's class names, read from wherever `declared` names them. */
	readonly classNames?: readonly string[]
}

/** Opens an ONNX model. @throws NaptuneError when it is no classifier of images as declared, or has other classes. */
export async function onnxSubject(input: OnnxSubjectInput): Promise<GateSubject> {
	const { declared = {}, classNames } = input
	const { mean, std, normalisation } = declared
	if ((mean === undefined) !== (std === undefined) || (mean && normalisation)) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			'In onnx of the configuration, give mean and std together, or a normalisation.',
		)
	}
	const { resize = 'crop' } = declared
	const options: OnnxClassifierOptions = {
		input: defined({
			layout: declared.layout,
			range: declared.range,
			normalisation: mean && std ? { mean, std } : normalisation,
			channelOrder: declared.channelOrder,
			size: declared.size,
			name: declared.inputName,
		}),
		...defined({ output: declared.outputName, outputKind: declared.outputKind, classNames }),
	}
	return openSubject(input, input.path, options, {
		kind: 'onnx',
		name: basename(input.path),
		content: { resize },
		pixels: (classifier, rows) => preparedPixels(classifier, input.split, rows, resize),
	})
}

/** What is read of an export's description; the rest of it is the export's own. */
const described = z.looseObject({
	kind: z.literal('export'),
	preprocess: z.string().optional(),
	classNames: z.array(z.string()).min(2),
	graphs: z.array(z.looseObject({ role: z.string(), file: z.string() })),
})

/** Opens the classifier of an export. @throws NaptuneError when the folder holds none that takes pixels. */
export async function exportSubject(input: OnnxSubjectInput): Promise<GateSubject> {
	const { path, split } = input
	const about = join(path, exportDescription)
	const parsed = described.safeParse(await readJsonFile(about))
	if (!parsed.success) {
		throw new NaptuneError('NAP_RECORD_INVALID', `${about} does not describe an export. Export again.`)
	}
	const { classNames, graphs, preprocess } = parsed.data
	const graph = graphs.find(({ role }) => role === 'classifier')
	if (!graph || preprocess === 'inside') {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${path} has no classifier that takes pixel values, which gradients need. Export one: naptune export RUN --output DIR, without --preprocess inside.`,
		)
	}
	const preparation = parsePreprocessorConfig(
		await readJsonFile(join(path, 'preprocessor_config.json')),
		join(path, 'preprocessor_config.json'),
	)
	const { mean, std, doNormalize } = preparation
	const options: OnnxClassifierOptions = {
		input: {
			layout: 'nchw',
			range: '0..1',
			normalisation: doNormalize ? { mean, std } : 'none',
			channelOrder: 'rgb',
		},
		classNames,
		output: 'logits',
		outputKind: 'logits',
	}
	return openSubject(input, join(path, graph.file), options, {
		kind: 'export',
		name: basename(path),
		content: { preparation: JSON.parse(JSON.stringify(preparation)) },
		pixels: ({ inputShape }, rows) => preparedAs(preparation, split, rows, inputShape[1]),
	})
}

/** Whether a folder holds an export. */
export function isExport(path: string): boolean {
	return existsSync(join(path, exportDescription))
}

interface OnnxDetails extends Pick<GateSubject, 'kind' | 'name'> {
	/** What decides outcomes beside the files; JSON. */
	readonly content: object
	pixels(
		classifier: { readonly inputShape: readonly [number, number, number] },
		rows: readonly number[],
	): Promise<Tensor<'float32'>>
}

async function openSubject(
	{ engine, dataset, split, declared }: OnnxSubjectInput,
	file: string,
	options: OnnxClassifierOptions,
	{ kind, name, content, pixels }: OnnxDetails,
): Promise<GateSubject> {
	const classifier = await openOnnxClassifier(engine, file, options)
	try {
		const { positions, notices } = classPositions({
			folders: dataset.classNames,
			classNames: classifier.classNames,
			hasNames: classifier.classNamesFrom !== 'positions',
			...defined({ mapping: declared?.classMap }),
		})
		const { sha256, weights } = classifier.model
		return {
			kind,
			name,
			content: { ...content, sha256, weights, input: classifier.input, output: classifier.output },
			classifier,
			images: {
				ids: idsOf(split),
				labels: labelsOf(split).map((label) => at(positions, label)),
				pixels: (rows) => pixels(classifier, rows),
			},
			notices: [...classifier.notices, ...notices],
			audited: async (model) => ({ subject: { model }, release: async () => {} }),
			release: () => classifier.release(),
		}
	} catch (error) {
		await classifier.release()
		throw error
	}
}

/** Images prepared as a `preprocessor_config.json` says, without its normalisation: [n, 3, size, size] in [0, 1]. */
async function preparedAs(
	preparation: PreprocessorConfig,
	split: Split,
	rows: readonly number[],
	size: number,
): Promise<Tensor<'float32'>> {
	const all = new Float32Array(rows.length * 3 * size * size)
	for (const [index, row] of rows.entries()) {
		const view = viewOf(await split.image(row), { kind: 'prepared', size, preparation })
		writeUnitPixels(view, all.subarray(index * 3 * size * size))
	}
	return float32([rows.length, 3, size, size], all)
}

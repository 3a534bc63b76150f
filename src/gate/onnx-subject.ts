/** Any ONNX model of an image classifier as what a gate decides on. */

import { basename } from 'node:path'
import { openOnnxClassifier } from '../classifier/files/open-onnx-classifier.js'
import type { OnnxClassifierOptions } from '../classifier/onnx-file/onnx-classifier.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'
import { type Dataset, idsOf, labelsOf, type Split } from '../data/dataset.js'
import { classPositions } from '../evaluation/deployed/class-positions.js'
import { preparedPixels } from '../evaluation/robustness/recorded-onnx-attack.js'
import type { OnnxDeclaration } from '../records/gate.js'
import type { Engine } from '../runtime/engine.js'
import type { GateSubject } from './subject.js'

/** What {@link onnxSubject} needs. */
export interface OnnxSubjectInput {
	readonly engine: Engine
	/** Of the model. */
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

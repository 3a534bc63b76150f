/**
 * Reads a pre-trained network from an ONNX file as a frozen backbone, which maps pixels to the features before its last
 * layer.
 */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import {
	asModelInput,
	type InputDeclaration,
	type ModelInput,
	metadataInput,
	modelInput,
} from '../../classifier/onnx-file/onnx-input.js'
import { modelOutput } from '../../classifier/onnx-file/onnx-output.js'
import { entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { weightsBelow } from '../../onnx/files/index.js'
import { describeModel, ops, readModel, type Value } from '../../onnx/index.js'

/** A backbone, ready for a new layer. */
export interface Backbone {
	/** Name of its file, and that file's SHA-256. */
	readonly name: string
	readonly sha256: string
	/** How it takes pixels in [0, 1]. */
	readonly input: ModelInput
	/** Description of its features, such as `the input of its last Gemm`. */
	readonly what: string
	/** Length of the features. */
	readonly width: number
	/** Pixels [B, 3, S, S] in [0, 1], or [1, 3, S, S] for a model of one image. */
	readonly pixels: Value
	/** [B, width]. */
	readonly features: Value
}

/** Operators that may follow the last layer. */
const after = new Set(['Softmax', 'LogSoftmax', 'Identity', 'Cast', 'Reshape', 'Flatten', 'Sigmoid'])

/**
 * Reads a backbone.
 * @param declared Known facts about its input, and the output that holds features; by default an output called `features`
 * with one row per image, or the input of its last linear layer.
 * @throws NaptuneError when it is not such a model, its input is not square, or it has no features.
 */
export async function readBackbone(
	path: string,
	declared: { readonly input?: InputDeclaration; readonly output?: string } = {},
): Promise<Backbone> {
	const bytes = await readFile(path).catch((error: unknown) => {
		throw new NaptuneError('NAP_FILE_MISSING', `The backbone ${path} cannot be read; give the path of an .onnx file.`, {
			cause: error,
		})
	})
	const description = describeModel(bytes)
	const input = modelInput(description, { ...metadataInput(description.metadata), ...declared.input })
	const [, height, width] = input.shape
	if (height !== width || input.shape[0] !== 3) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The backbone ${path} reads images [${input.shape.join(', ')}]; expected square images with three colours.`,
		)
	}
	const pixels = ops.input('pixels', 'float32', [input.oneImage ? 1 : 'B', ...input.shape])
	const { outputs } = readModel(bytes, {
		weights: weightsBelow(dirname(path)),
		inputs: { [input.name]: asModelInput(pixels, input) },
	})
	const { features, what } = featuresOf(path, outputs, declared.output)
	const length = features.shape[1]
	if (features.shape.length !== 2 || typeof length !== 'number') {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The features of ${path}, ${what}, are [${features.shape.join(', ')}]; expected one row per image. Name an output of that shape: ?output-name=NAME.`,
		)
	}
	const sha256 = createHash('sha256').update(bytes).digest('hex')
	return { name: basename(path), sha256, input, what, width: length, pixels, features }
}

function featuresOf(
	path: string,
	outputs: Readonly<Record<string, Value>>,
	name: string | undefined,
): { readonly features: Value; readonly what: string } {
	const chosen = name ?? (outputs.features?.shape.length === 2 ? 'features' : undefined)
	if (chosen !== undefined) {
		if (Object.hasOwn(outputs, chosen)) return { features: entry(outputs, chosen), what: `its output ${chosen}` }
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`The backbone ${path} has no output ${chosen}; it has ${Object.keys(outputs).join(', ')}.`,
		)
	}
	const found = lastLayer(modelOutput(outputs, {}).logits)
	if (found) return found
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`${path} does not end in a linear layer, whose input would be its features. Name the output that holds them: ?output-name=NAME; it has ${Object.keys(outputs).join(', ')}.`,
	)
}

/** The input of the last linear layer before a value; undefined if the last layer is of another kind. */
function lastLayer({ source }: Value): { readonly features: Value; readonly what: string } | undefined {
	if (source.kind !== 'node') return undefined
	const { operator, inputs } = source.node
	const [first] = inputs
	if ((operator === 'Gemm' || operator === 'MatMul') && first) {
		return { features: first, what: `the input of its last ${operator}` }
	}
	// Skip an added bias, and operators that do not change the values of a row.
	const isBias = operator === 'Add' && inputs.some((input) => input !== null && input.source.kind !== 'node')
	const before = inputs.find((input) => input?.source.kind === 'node')
	return before && (isBias || after.has(operator)) ? lastLayer(before) : undefined
}

/** A pre-trained network from an ONNX file as a frozen backbone: pixels to the features before its last layer. */

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

/** A backbone, ready to be built upon. */
export interface Backbone {
	/** Name of its file, and the SHA-256 of that. */
	readonly name: string
	readonly sha256: string
	/** How pixels in [0, 1] are given to it. */
	readonly input: ModelInput
	/** What its features are, such as `the input of its last Gemm`. */
	readonly what: string
	/** Length of the features. */
	readonly width: number
	/** Pixels [B, 3, S, S] in [0, 1], or [1, 3, S, S] of a model of one image. */
	readonly pixels: Value
	/** [B, width]. */
	readonly features: Value
}

/** Operators that a last layer may be followed by. */
const after = new Set(['Softmax', 'LogSoftmax', 'Identity', 'Cast', 'Reshape', 'Flatten', 'Sigmoid'])

/**
 * Reads a backbone.
 * @param declared What is known of its input, and the output that holds features; by default an output called `features` with one row per image, else
 * what its last linear layer reads.
 * @throws NaptuneError when it is no such model, is not square, or no features are found in it.
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
			`The backbone ${path} reads images [${input.shape.join(', ')}]; square ones of three colours are needed.`,
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
			`The features of ${path}, ${what}, are [${features.shape.join(', ')}]; one row per image was expected. Name an output of that shape: ?output-name=NAME.`,
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
		`No linear layer is found at the end of ${path}, whose input would be its features. Name the output that holds them: ?output-name=NAME; it has ${Object.keys(outputs).join(', ')}.`,
	)
}

/** What the last linear layer before a value reads; undefined where another kind of layer is last. */
function lastLayer({ source }: Value): { readonly features: Value; readonly what: string } | undefined {
	if (source.kind !== 'node') return undefined
	const { operator, inputs } = source.node
	const [first] = inputs
	if ((operator === 'Gemm' || operator === 'MatMul') && first) {
		return { features: first, what: `the input of its last ${operator}` }
	}
	// A bias that is added, or what leaves the numbers of a row as they are.
	const isBias = operator === 'Add' && inputs.some((input) => input !== null && input.source.kind !== 'node')
	const before = inputs.find((input) => input?.source.kind === 'node')
	return before && (isBias || after.has(operator)) ? lastLayer(before) : undefined
}

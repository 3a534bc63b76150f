/** Finds the output of an ONNX model to attack, and the logits behind probabilities. */

import { NaptuneError } from '../../core/errors.js'
import { ops, type Value } from '../../onnx/graph.js'
import type { LogitsFrom } from '../../records/onnx-attack.js'
import { isOneNumber, twoLogits, twoProbabilities, whyNoLogits } from './one-number.js'

export type { LogitsFrom } from '../../records/onnx-attack.js'

/** The logits of a model. */
export interface ModelOutput {
	readonly name: string
	/** [B, classes], float32. */
	readonly logits: Value
	readonly from: LogitsFrom
	readonly classes: number
	/** Whether the output is one number per image, so that the logits of the two classes are 0 and that number. */
	readonly oneNumber: boolean
}

/** What the caller declares about an output. */
export interface OutputDeclaration {
	/** Name of the output. Default: `logits`, or the only output with one row per image. */
	readonly output?: string
	/** What it holds. Default: probabilities if it ends in a softmax, otherwise logits. */
	readonly outputKind?: 'logits' | 'probabilities'
}

/**
 * Chooses the output and finds its logits. The gradient of a loss on probabilities vanishes in float32 where a model is
 * certain, which hides the model from attacks without making it robust; so a final softmax is left out. One logit, or one
 * sigmoid, per image is a model of two classes with the logits 0 and that number.
 * @throws NaptuneError if no output qualifies, or more than one.
 */
export function modelOutput(outputs: Readonly<Record<string, Value>>, declared: OutputDeclaration): ModelOutput {
	const name = declared.output ?? chosen(outputs)
	const output = Object.hasOwn(outputs, name) ? outputs[name] : undefined
	if (!output) {
		throw new NaptuneError('NAP_NAME_UNKNOWN', `The model has no output ${name}; its outputs are ${describe(outputs)}.`)
	}
	if (isOneNumber(output)) return oneNumberOutput(name, output, declared.outputKind)
	if (!isRows(output)) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The output ${whyNoLogits(name, output)}. Logits are floats with one row per image, [B, classes]. The outputs are ${describe(outputs)}.`,
		)
	}
	const found = logitsOf(output, declared.outputKind)
	const classes = output.shape[1] as number
	const rows = ops.reshape(found.logits, [-1, classes])
	return { name, logits: ops.cast(rows, 'float32'), from: found.from, classes, oneNumber: false }
}

function oneNumberOutput(name: string, output: Value, kind: OutputDeclaration['outputKind']): ModelOutput {
	const before = kind === 'logits' ? undefined : beforeProbabilities(output)
	const logits =
		kind === 'probabilities' && !before ? logarithms(twoProbabilities(output)) : twoLogits(before?.logits ?? output)
	const from = before?.from ?? (kind === 'probabilities' ? 'log of probabilities' : 'output')
	return { name, logits: ops.cast(logits, 'float32'), from, classes: 2, oneNumber: true }
}

/** One row per image: [B, classes], possibly with further axes of size 1. */
function isRows({ type, shape }: Value): boolean {
	const float = type === 'float32' || type === 'float64'
	return (
		float &&
		shape.length >= 2 &&
		typeof shape[1] === 'number' &&
		shape[1] > 1 &&
		shape.slice(2).every((size) => size === 1)
	)
}

function chosen(outputs: Readonly<Record<string, Value>>): string {
	const all = Object.entries(outputs)
	const candidates = all.flatMap(([name, value]) => (isRows(value) ? [name] : []))
	// A model with many classes may also have an output of one number; a model with two classes has nothing else.
	const single = all.flatMap(([name, value]) => (isOneNumber(value) ? [name] : []))
	if (candidates.includes('logits')) return 'logits'
	const [only, ...others] = candidates.length > 0 ? candidates : single
	if (only !== undefined && others.length === 0) return only
	throw new NaptuneError(
		'NAP_OPTION_MISSING',
		only === undefined
			? `The model has no output that could be logits, floats [B, classes] or [B, 1]: ${all.map(([name, value]) => whyNoLogits(name, value)).join('; ')}.`
			: `The model has ${1 + others.length} outputs that could be logits, [B, classes]; its outputs are ${describe(outputs)}. Name the one to attack.`,
	)
}

function describe(outputs: Readonly<Record<string, Value>>): string {
	return Object.entries(outputs)
		.map(([name, { type, shape }]) => `${name} (${type} [${shape.join(', ')}])`)
		.join(', ')
}

function logitsOf(
	output: Value,
	kind: OutputDeclaration['outputKind'],
): { readonly logits: Value; readonly from: LogitsFrom } {
	const before = kind === 'logits' ? undefined : beforeProbabilities(output)
	if (before) return before
	if (kind !== 'probabilities') return { logits: output, from: 'output' }
	return { logits: logarithms(output), from: 'log of probabilities' }
}

/** ONNX Runtime takes at most this many logarithms at once. */
const packet = 16

/**
 * Logarithms of probabilities. ONNX Runtime rounds the last numbers of a tensor, which do not fill a packet, differently
 * from the others; rows of whole packets have the same bytes in every batch.
 */
function logarithms(output: Value): Value {
	const classes = output.shape[1] as number
	const rows = ops.reshape(output, [-1, classes])
	const padded = ops.pad(rows, [0, 0], [0, (packet - (classes % packet)) % packet])
	// The smallest positive normal number: the logarithm of a probability of 0 has no gradient at all.
	return ops.slice(ops.log(ops.clip(padded, 1.2e-38, null)), 1, 0, classes)
}

/** The input of a final softmax or sigmoid. */
function beforeProbabilities(output: Value): { readonly logits: Value; readonly from: LogitsFrom } | undefined {
	let value = output
	for (;;) {
		if (value.source.kind !== 'node') return undefined
		const { operator, inputs, attributes } = value.source.node
		const [first, second] = inputs
		if (!first) return undefined
		if (['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Cast'].includes(operator) && first.type !== 'bool') {
			value = first
			continue
		}
		if (operator === 'Sigmoid') return { logits: first, from: 'before sigmoid' }
		if (operator === 'Softmax') {
			const axis = attributes.axis?.kind === 'int' ? attributes.axis.value : -1
			const classAxis = value.shape.at(axis) === output.shape[1]
			return classAxis ? { logits: first, from: 'before softmax' } : undefined
		}
		return operator === 'Div' && second ? beforeWrittenOut(first, second) : undefined
	}
}

/** A softmax written out: exp(u) / sum(exp(u)). */
function beforeWrittenOut(
	above: Value,
	below: Value,
): { readonly logits: Value; readonly from: LogitsFrom } | undefined {
	const exponential =
		above.source.kind === 'node' && above.source.node.operator === 'Exp' ? above.source.node : undefined
	const logits = exponential?.inputs[0]
	if (!logits || summedBy(below) !== above) return undefined
	return { logits, from: 'before softmax' }
}

/** The value that another value sums along the last axis, even if the reader wrote the sum as a product with a constant. */
function summedBy(value: Value): Value | undefined {
	const node = value.source.kind === 'node' ? value.source.node : undefined
	if (node?.operator === 'ReduceSum') return node.inputs[0] ?? undefined
	const product = node?.operator === 'Slice' ? node.inputs[0]?.source : undefined
	if (product?.kind !== 'node' || product.node.operator !== 'MatMul') return undefined
	const [rows, columns] = product.node.inputs
	const ones = columns?.source
	return ones?.kind === 'node' && ones.node.operator === 'Expand' ? (rows ?? undefined) : undefined
}

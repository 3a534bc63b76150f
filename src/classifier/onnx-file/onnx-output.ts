/** What an ONNX model says of an image: the output that is attacked, and the logits behind probabilities. */

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
	/** Whether the output is one number per image, so that the logits of both classes are 0 and that number. */
	readonly oneNumber: boolean
}

/** What is declared of an output. */
export interface OutputDeclaration {
	/** Name of the output; by default `logits`, or the only one with one row per image. */
	readonly output?: string
	/** What it holds; by default probabilities where it ends in a softmax, else logits. */
	readonly outputKind?: 'logits' | 'probabilities'
}

/**
 * Chooses the output and finds its logits. Gradients of a loss on probabilities vanish in float32 where a model is certain,
 * which hides it from attacks without making it robust; so a softmax at the end is left out. One logit, or one sigmoid, per
 * image is a model of two classes with the logits 0 and that number.
 * @throws NaptuneError when no output, or more than one, could be meant.
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

/** One row per image: [B, classes], also with further axes of size 1. */
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
	// A model of many classes may have one number beside them; one of two has nothing else.
	const single = all.flatMap(([name, value]) => (isOneNumber(value) ? [name] : []))
	if (candidates.includes('logits')) return 'logits'
	const [only, ...others] = candidates.length > 0 ? candidates : single
	if (only !== undefined && others.length === 0) return only
	throw new NaptuneError(
		'NAP_OPTION_MISSING',
		only === undefined
			? `The model has no output that could be logits, floats [B, classes] or [B, 1]: ${all.map(([name, value]) => whyNoLogits(name, value)).join('; ')}.`
			: `The model has ${1 + others.length} outputs that could be logits, [B, classes]; its outputs are ${describe(outputs)}. Name the one that is meant.`,
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

/** Numbers that ONNX Runtime takes logarithms of at once, at most. */
const packet = 16

/**
 * Logarithms of probabilities. ONNX Runtime rounds those of the last few numbers of a tensor, which fill no packet, in
 * another way than the others; rows of whole packets have the same bytes in every batch.
 */
function logarithms(output: Value): Value {
	const classes = output.shape[1] as number
	const rows = ops.reshape(output, [-1, classes])
	const padded = ops.pad(rows, [0, 0], [0, (packet - (classes % packet)) % packet])
	// The least positive normal number: the logarithm of a probability of 0 has no gradient at all.
	return ops.slice(ops.log(ops.clip(padded, 1.2e-38, null)), 1, 0, classes)
}

/** What a softmax or sigmoid at the end is taken of. */
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

/** A softmax that is written out: exp(u) / sum(exp(u)). */
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

/** What a value is the sum of along the last axis, also where the reader wrote the sum as a product with a constant. */
function summedBy(value: Value): Value | undefined {
	const node = value.source.kind === 'node' ? value.source.node : undefined
	if (node?.operator === 'ReduceSum') return node.inputs[0] ?? undefined
	const product = node?.operator === 'Slice' ? node.inputs[0]?.source : undefined
	if (product?.kind !== 'node' || product.node.operator !== 'MatMul') return undefined
	const [rows, columns] = product.node.inputs
	const ones = columns?.source
	return ones?.kind === 'node' && ones.node.operator === 'Expand' ? (rows ?? undefined) : undefined
}

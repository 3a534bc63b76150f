/** A small honest classifier, an undefended one of the same classes, and ways in which a model can hide its gradient. */

import { imageStreams } from '../../attacks/run/image-streams.js'
import type { AttackImages } from '../../attacks/run/run-attack.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { decorate } from '../../classifier/decorate.js'
import { createGraphClassifier } from '../../classifier/graph-classifier.js'
import { range } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import { float32, ops, type Value } from '../../onnx/index.js'
import { generator } from '../../random/counter-based.js'
import type { Engine } from '../../runtime/index.js'
import type { AuditInput } from './audit-input.js'

const classNames = ['a', 'b', 'c', 'd', 'e']
const imageShape = [3, 8, 8] as const
const pixelCount = 192

/** A pattern of plus and minus 1 for every class. */
function patterns(name: string): number[][] {
	return classNames.map((className) => {
		const stream = generator(1, 'pattern', name, className)
		return range(0, pixelCount).map(() => (stream.uniform() < 0.5 ? -1 : 1))
	})
}

const signs = patterns('robust')

/**
 * Grey pictures with the pattern of their class, weak in some and strong in others, and a little noise: an attack of 4/255
 * can hide about half of the patterns.
 */
export function patternImages(count: number): AttackImages {
	const ids = range(0, count).map((index) => `picture ${index}`)
	const labels = range(0, count).map((index) => index % classNames.length)
	const data = ids.flatMap((id, index) => {
		const stream = generator(2, id)
		const strength = 0.006 + 0.024 * stream.uniform()
		return signs[labels[index]!]!.map((sign) => 0.5 + strength * sign + 0.01 * stream.normal())
	})
	const pixels = float32([count, ...imageShape], data)
	return {
		ids,
		labels,
		pixels: async (positions) =>
			float32(
				[positions.length, ...imageShape],
				positions.flatMap((at) => [...pixels.data.subarray(at * pixelCount, (at + 1) * pixelCount)]),
			),
	}
}

/** Logits: how much of every class's pattern there is, cleaned by a refiner where there is one, bent a little. */
function matched(
	weights: readonly (readonly number[])[],
	refine: (tokens: Value) => Value = (tokens) => tokens,
): (pixels: Value) => Value {
	const matrix = ops.literal(
		float32(
			[classNames.length, pixelCount],
			weights.flat().map((weight) => weight / pixelCount),
		),
	)
	return (pixels) => {
		const centred = ops.sub(ops.reshape(pixels, [-1, pixelCount]), 0.5)
		const tokens = refine(ops.mul(ops.linear(centred, matrix, null), 8))
		return ops.mul(ops.tanh(tokens), 60)
	}
}

/** Patterns with meaningless ones added, to which a model is as sensitive. */
function withDistraction(name: string, size: number): number[][] {
	const others = patterns(name)
	return signs.map((own, label) => own.map((sign, at) => sign + size * others[label]![at]!))
}

/** The logits of the honest model. */
export const honestLogits = matched(signs)

/** A classifier of the pictures from a graph of logits. */
export function classifierOf(engine: Engine, logits: (pixels: Value) => Value): Promise<Classifier> {
	return createGraphClassifier({ engine, classNames, imageShape, build: (pixels) => ({ logits: logits(pixels) }) })
}

/** The audit of a classifier on some pictures, next to a model without defense and one that ignores refiners. */
export async function auditOf(engine: Engine, model: Classifier, count = 60): Promise<AuditInput> {
	return {
		model,
		control: {
			classifier: await classifierOf(engine, matched(withDistraction('undefended', 3))),
			requirements: [{ epsilon: 4 / 255, below: 0.02, ofClean: false }],
		},
		promptAware: {
			classifier: await classifierOf(engine, matched(withDistraction('without refiners', 1))),
			hides: 'the refiners',
		},
		images: patternImages(count),
		threatModel: threatModel('linf', 4 / 255),
		streams: imageStreams(1),
		effort: { steps: 30, queries: 200 },
	}
}

/** Logits so large that a softmax in float32 has no gradient left. */
export const hugeLogits = (pixels: Value) => ops.mul(honestLogits(pixels), 1e4)

/** A first layer that rounds pixels to 8 bits: piecewise constant. */
export const roundedPixels = (pixels: Value) => honestLogits(ops.div(ops.round(ops.mul(pixels, 255)), 255))

/** A refiner whose correction is the rounding of a token: what it adds takes the gradient of the token away. */
export const quantisingRefiner = matched(signs, (tokens) =>
	ops.add(tokens, ops.sub(ops.div(ops.round(ops.mul(tokens, 1000)), 1000), tokens)),
)

/** Probabilities instead of logits. */
export const probabilities = (pixels: Value) => ops.softmax(honestLogits(pixels))

/** Pixels with a wave of half a grey level on them, whose slope is 40 times that of the pixels. */
export const shattered = (pixels: Value) =>
	honestLogits(ops.add(pixels, ops.mul(ops.sin(ops.mul(pixels, 20_000)), 0.5 / 255)))

/** A classifier whose logits change from pass to pass. */
export function noisyForward(classifier: Classifier): Classifier {
	let pass = 0
	const disturbed = (logits: Tensor<'float32'>): Tensor<'float32'> => {
		const stream = generator(3, 'pass', pass++)
		return { ...logits, data: logits.data.map((value) => value + 0.5 * stream.normal()) }
	}
	return decorate(classifier, {
		async evaluate(inner, images, taps) {
			const found = await inner.evaluate(images, taps)
			return { ...found, logits: disturbed(found.logits!) }
		},
	})
}

/** A classifier whose gradients are changed. */
export function otherGradient(classifier: Classifier, change: (value: number) => number): Classifier {
	return decorate(classifier, {
		async gradient(inner, images, objective, side) {
			const found = await inner.gradient(images, objective, side)
			return { ...found, gradient: { ...found.gradient, data: found.gradient.data.map(change) } }
		},
	})
}

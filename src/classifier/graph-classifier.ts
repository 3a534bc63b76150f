/** Makes a classifier from a graph: every tuned CLIP, ONNX graph and surrogate goes through it before an attack. */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { type ElementType, elementCount, type Tensor } from '../core/tensor.js'
import { leavesOf, ops } from '../onnx/graph.js'
import type { Dimension, Value } from '../onnx/value.js'
import type { CompileOptions, Engine, Feeds, Program } from '../runtime/engine.js'
import type { Classifier } from './classifier.js'
import { batchSymbol, classifierPrograms, pixelsName, sideName, tapName } from './classifier-programs.js'
import type { Objective } from './objectives/objective.js'
import { mostRowsPerThread, runPadded } from './padded-run.js'

/** Values of a graph's other inputs by name, or a function that returns the current ones at every call. */
export type BoundFeeds = Feeds | (() => Feeds)

/** The input of {@link createGraphClassifier}. */
export interface GraphClassifierOptions {
	readonly engine: Engine
	/** Class names in logit order. */
	readonly classNames: readonly string[]
	/** [channels, height, width] of one image. */
	readonly imageShape: readonly [number, number, number]
	/**
	 * Builds the graph, once. `pixels` is float32 [B, channels, height, width] in [0, 1], where B is a symbol, or 1 with
	 * `oneImage`. Returns taps by name, all float32 with first axis B, including `logits` [B, classes].
	 */
	readonly build: (pixels: Value) => Readonly<Record<string, Value>>
	/**
	 * Values of the graph's other inputs, such as text features and trainable parameters. Upload large ones once and bind
	 * the resident tensors; their owner releases them. On the CPU, products with matrices passed as inputs are not
	 * byte-identical across batch sizes: for evaluations, put final parameters into the graph (`ops.literal`,
	 * `ops.external`), and bind what changes between calls.
	 */
	readonly feeds?: BoundFeeds
	readonly compileOptions?: CompileOptions
	/**
	 * Rows of every run, at least 2; smaller batches are padded, larger ones split. Default: the engine's own, or 64 on
	 * every device except `cpu`. On the CPU, small batches run unpadded, and batches of more than 16 images per thread are
	 * split: that many fit a core's own cache, and the bytes of the results are the same.
	 */
	readonly fixedBatch?: number
	/**
	 * Whether the graph takes exactly one image, such as a model that adapts to each: batches then run image by image.
	 * Default false; excludes a fixed batch.
	 */
	readonly oneImage?: boolean
}

/** A classifier based on a graph. */
export interface GraphClassifier extends Classifier {
	/**
	 * The same classifier with other values for its inputs, sharing the compiled programs: nothing is compiled or uploaded.
	 * Only releasing the original releases them.
	 */
	withFeeds(feeds: BoundFeeds): GraphClassifier
}

const defaultFixedBatch = 64

/** Rows of every run, on an engine that should always run the same number; undefined if batches run at their own size. */
export function fixedBatchOf({ device, fixedBatch }: Pick<Engine, 'device' | 'fixedBatch'>): number | undefined {
	return fixedBatch ?? (device === 'cpu' ? undefined : defaultFixedBatch)
}

/**
 * Makes a classifier from a graph. It compiles programs on first use: one per set of taps, one per objective. The caller's
 * images and side inputs stay usable.
 * @throws NaptuneError if the graph is not a classifier for these classes, or the fixed batch is below 2.
 */
export async function createGraphClassifier(options: GraphClassifierOptions): Promise<GraphClassifier> {
	const { engine, classNames, imageShape, compileOptions = {}, oneImage = false } = options
	const { fixedBatch } = options
	if (fixedBatch !== undefined && !(Number.isInteger(fixedBatch) && fixedBatch >= 2)) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The fixed batch of a classifier must be a whole number >= 2; got ${fixedBatch}.`,
		)
	}
	if (oneImage && fixedBatch !== undefined) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`A classifier for one image at a time cannot have a fixed batch (got ${fixedBatch}); remove one of the two.`,
		)
	}
	const exactly = oneImage ? 1 : (fixedBatch ?? fixedBatchOf(engine))
	const rowsPerRun = { exactly, most: mostRowsPerThread * engine.threads }
	const batch = oneImage ? 1 : batchSymbol
	const pixels = ops.input(pixelsName, 'float32', [batch, ...imageShape])
	const taps = options.build(pixels)
	checkTaps(taps, classNames.length, batch)
	const boundNames = boundInputs(taps, pixels)
	const programs = classifierPrograms(engine, pixels, taps, compileOptions)

	const run = async (
		program: Program,
		images: Tensor<'float32'>,
		side: Readonly<Record<string, Tensor>>,
		feeds: BoundFeeds,
	): Promise<Record<string, Tensor>> => {
		const bound = typeof feeds === 'function' ? feeds() : feeds
		const unknown = Object.keys(bound).filter((name) => !boundNames.has(name))
		if (unknown.length > 0) {
			throw new NaptuneError(
				'NAP_NAME_UNKNOWN',
				`The classifier's graph has no input ${unknown.join(', ')} to bind; it has: ${[...boundNames].join(', ') || 'none'}.`,
			)
		}
		const read = new Set(program.inputs)
		const used = <T>(entries: Readonly<Record<string, T>>): Record<string, T> =>
			Object.fromEntries(Object.entries(entries).filter(([name]) => read.has(name)))
		return runPadded(program, at(images.shape, 0), used({ [pixelsName]: images, ...side }), used(bound), rowsPerRun)
	}
	const over = (feeds: BoundFeeds, release: () => Promise<void>): GraphClassifier => ({
		classNames,
		inputShape: imageShape,
		pipelined: exactly === undefined,
		taps: Object.keys(taps),
		async evaluate(images, names) {
			checkImages(images, imageShape)
			requireTaps(taps, names, 'requested')
			return tapsOf(await run(await programs.evaluation(names), images, {}, feeds), names)
		},
		async gradient(images, objective, side) {
			checkImages(images, imageShape)
			requireTaps(taps, objective.taps, `read by objective ${objective.name}`)
			const sideFeeds = checkSide(objective, side, at(images.shape, 0))
			const outputs = await run(await programs.gradient(objective), images, sideFeeds, feeds)
			return {
				taps: tapsOf(outputs, objective.taps),
				loss: outputs.loss as Tensor<'float32'>,
				gradient: outputs.gradient as Tensor<'float32'>,
			}
		},
		withFeeds: (other) => over(other, async () => {}),
		release,
	})
	return over(options.feeds ?? {}, () => programs.release())
}

function tapsOf(outputs: Readonly<Record<string, Tensor>>, names: readonly string[]) {
	return Object.fromEntries(names.map((name) => [name, outputs[tapName(name)] as Tensor<'float32'>]))
}

function checkTaps(taps: Readonly<Record<string, Value>>, classes: number, batch: Dimension): void {
	for (const [name, { type, shape }] of Object.entries(taps)) {
		if (type !== 'float32' || shape[0] !== batch) {
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				`Tap ${name} of a classifier is ${type} [${shape.join(', ')}]; it must be float32 with first axis ${batch}. Cast it, or remove it.`,
			)
		}
	}
	const shape = taps.logits?.shape
	if (shape?.length !== 2 || (typeof shape[1] === 'number' && shape[1] !== classes)) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`A classifier of ${classes} classes needs a tap logits [${batch}, ${classes}]; ${shape ? `got [${shape.join(', ')}]` : 'the graph has none'}.`,
		)
	}
}

/** Names of the graph's inputs besides the pixels. */
function boundInputs(taps: Readonly<Record<string, Value>>, pixels: Value): ReadonlySet<string> {
	const names = new Set<string>()
	for (const leaf of leavesOf(Object.values(taps))) {
		if (leaf.source.kind !== 'input' || leaf === pixels) continue
		const { name } = leaf.source
		if ([pixelsName, 'loss', 'gradient'].includes(name) || /^(side|tap)\./.test(name)) {
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				`A classifier's graph cannot have an input named ${name}, because the classifier uses that name. Rename it.`,
			)
		}
		names.add(name)
	}
	return names
}

function checkImages({ type, shape, data }: Tensor<'float32'>, imageShape: readonly number[]): void {
	const fits = shape.length === 4 && at(shape, 0) >= 1 && imageShape.every((size, axis) => shape[axis + 1] === size)
	if (type === 'float32' && fits && data.length === elementCount(shape)) return
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`The classifier received ${type} images [${shape.join(', ')}] with ${data.length} values; it needs float32 [B, ${imageShape.join(', ')}] with B >= 1. Resize the images first.`,
	)
}

function requireTaps(taps: Readonly<Record<string, Value>>, names: readonly string[], how: string): void {
	const unknown = names.filter((name) => !Object.hasOwn(taps, name))
	if (unknown.length === 0 && names.length > 0) return
	throw new NaptuneError(
		'NAP_NAME_UNKNOWN',
		`The taps ${how} are ${names.join(', ') || 'none'}; the classifier offers: ${Object.keys(taps).join(', ')}.`,
	)
}

/** The side inputs by their names in the graph. */
function checkSide(
	objective: Objective,
	side: Readonly<Record<string, Tensor>>,
	count: number,
): Record<string, Tensor> {
	const describe = (type: ElementType, shape: readonly number[]) => `${type} [${shape.join(', ')}]`
	const unknown = Object.keys(side).filter((name) => !Object.hasOwn(objective.side, name))
	if (unknown.length > 0) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`Objective ${objective.name} has no side input ${unknown.join(', ')}; it has: ${Object.keys(objective.side).join(', ') || 'none'}.`,
		)
	}
	return Object.fromEntries(
		Object.entries(objective.side).map(([name, { type, shape }]) => {
			const given = side[name]
			const expected = describe(type, [count, ...shape])
			if (!given || describe(given.type, given.shape) !== expected) {
				throw new NaptuneError(
					'NAP_INPUT_UNSUITABLE',
					`Objective ${objective.name} needs the side input ${name} as ${expected}; ${given ? `got ${describe(given.type, given.shape)}` : 'it is missing'}.`,
				)
			}
			return [sideName(name), given] as const
		}),
	)
}

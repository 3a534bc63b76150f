/** A classifier from a graph: what a tuned CLIP, a plain ONNX graph and a surrogate become before they are attacked. */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { type ElementType, elementCount, type Tensor } from '../core/tensor.js'
import { leavesOf, ops } from '../onnx/graph.js'
import type { Dimension, Value } from '../onnx/value.js'
import type { CompileOptions, Engine, Feeds, Program } from '../runtime/engine.js'
import type { Classifier } from './classifier.js'
import { batchSymbol, classifierPrograms, pixelsName, sideName, tapName } from './classifier-programs.js'
import type { Objective } from './objectives/objective.js'
import { runPadded } from './padded-run.js'

/** Values of a graph's other inputs by name, or a function that gives the current ones at every call. */
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
	 * `oneImage`; returned are taps by name, all float32 with first axis B, among them `logits` [B, classes].
	 */
	readonly build: (pixels: Value) => Readonly<Record<string, Value>>
	/**
	 * Values of the graph's other inputs, such as text features and trainable parameters. Upload large ones once and bind
	 * the resident tensors; their owner releases them. On the CPU, products with matrices that are fed are not
	 * byte-identical across batch sizes: for evaluations put final parameters into the graph (`ops.literal`,
	 * `ops.external`), and bind what changes between calls.
	 */
	readonly feeds?: BoundFeeds
	readonly compileOptions?: CompileOptions
	/**
	 * Rows of every run, at least 2; smaller batches are filled up, larger ones cut. By default the engine's own, else 64 on
	 * every device but `cpu`, whose programs run small batches as they come, and cut those of more than 16 images per thread: the values of
	 * so many stay in a core's own cache, and the bytes of results are the same.
	 */
	readonly fixedBatch?: number
	/**
	 * Whether the graph is one of exactly one image, such as a model that adapts to each: batches are run image by image.
	 * Default false; excludes a fixed batch.
	 */
	readonly oneImage?: boolean
}

/** A classifier over a graph. */
export interface GraphClassifier extends Classifier {
	/**
	 * The same classifier with other values of its inputs, over the same compiled programs: nothing is compiled or
	 * uploaded. Only releasing the original releases them.
	 */
	withFeeds(feeds: BoundFeeds): GraphClassifier
}

const defaultFixedBatch = 64
const mostRowsPerThread = 16

/** Rows of every run on an engine that should always run the same number; undefined where batches run as they come. */
export function fixedBatchOf({ device, fixedBatch }: Pick<Engine, 'device' | 'fixedBatch'>): number | undefined {
	return fixedBatch ?? (device === 'cpu' ? undefined : defaultFixedBatch)
}

/**
 * Makes a classifier of a graph. Programs are compiled when first needed: one per set of taps, one per objective.
 * Images and side inputs that are given to it stay usable.
 * @throws NaptuneError when the graph is not a classifier of these classes, or the fixed batch is below 2.
 */
export async function createGraphClassifier(options: GraphClassifierOptions): Promise<GraphClassifier> {
	const { engine, classNames, imageShape, compileOptions = {}, oneImage = false } = options
	const { fixedBatch } = options
	if (fixedBatch !== undefined && !(Number.isInteger(fixedBatch) && fixedBatch >= 2)) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The fixed batch of a classifier must be a whole number >= 2, got ${fixedBatch}.`,
		)
	}
	if (oneImage && fixedBatch !== undefined) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`A classifier of one image at a time was given a fixed batch of ${fixedBatch}; leave one out.`,
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
			requireTaps(taps, names, 'asked for')
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
				`Tap ${name} of a classifier is ${type} [${shape.join(', ')}]; float32 with first axis ${batch} was expected. Cast it, or leave it out.`,
			)
		}
	}
	const shape = taps.logits?.shape
	if (shape?.length !== 2 || (typeof shape[1] === 'number' && shape[1] !== classes)) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`A classifier of ${classes} classes needs a tap logits [${batch}, ${classes}], ${shape ? `got [${shape.join(', ')}]` : 'none was built'}.`,
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
				`A classifier's graph cannot have an input named ${name}: the classifier uses that name itself; rename it.`,
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
		`The classifier was given ${type} images [${shape.join(', ')}] with ${data.length} values; float32 [B, ${imageShape.join(', ')}] with B >= 1 was expected. Preprocess images to that size first.`,
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

/** The side inputs under the names of the graph. */
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
					`Objective ${objective.name} needs the side input ${name} as ${expected}, ${given ? `got ${describe(given.type, given.shape)}` : 'none was given'}.`,
				)
			}
			return [sideName(name), given] as const
		}),
	)
}

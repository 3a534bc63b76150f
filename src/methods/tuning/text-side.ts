/**
 * The text side of tuning, in chunks of classes: features once per optimizer step, and their exact gradient in a second
 * pass (the image side yields dL/d features, and each chunk runs again with that gradient injected). Memory does not grow
 * with the number of classes.
 */

import { at } from '../../core/at.js'
import { float32, type Tensor, tensor } from '../../core/tensor.js'
import { type Defense, fixedParameters, parameterInputs } from '../../defenses/defense.js'
import { grad, ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import type { Engine, Feeds, Program } from '../../runtime/engine.js'

/** Compiled programs of the text side. */
export interface TextSide {
	/** Names of the parameters that the text features depend on. */
	readonly parameters: readonly string[]
	/** Unit text features [C, E]. @param feeds The parameters by name; others are ignored. */
	features(feeds: Feeds): Promise<Tensor<'float32'>>
	/**
	 * Adds the gradients to the text parameters to `sums`.
	 * @param features dL / d text features, [C, E].
	 * @param add Called per parameter with the gradient of one chunk.
	 */
	backward(feeds: Feeds, features: Float32Array, add: (name: string, gradient: Float32Array) => void): Promise<void>
	release(): Promise<void>
}

/** Compiles the text side of a defense. @param classesPerChunk At least 1. */
export async function createTextSide(engine: Engine, defense: Defense, classesPerChunk: number): Promise<TextSide> {
	const { prompts } = defense
	const { lookup, used } = parameterInputs(defense)
	const features = defense.textFeatures(...promptInputs(defense), lookup)
	const seed = ops.input('seed', 'float32', features.shape)
	const names = [...used.keys()]
	const gradients = names.length > 0 ? grad(features, [...used.values()], { seed }) : []
	const forward = await engine.compile({ features }, { name: 'text features' })
	const backward: Program | undefined =
		names.length > 0
			? await engine.compile(
					Object.fromEntries(names.map((name, index) => [`gradient/${name}`, at(gradients, index)])),
					{
						name: 'text gradients',
					},
				)
			: undefined
	const width = features.shape[1] as number
	const chunks = chunksOf(defense, classesPerChunk)

	return {
		parameters: names,
		async features(feeds) {
			return featuresOf(chunks, width, ({ ids, endPosition }) =>
				forward.run(own(forward, { ...feeds, ids, endPosition })),
			)
		},
		async backward(feeds, gradient, add) {
			if (!backward) return
			for (const { first, count, rows, ids, endPosition } of chunks) {
				const padded = new Float32Array((rows / prompts.promptsPerClass) * width)
				padded.set(gradient.subarray(first * width, (first + count) * width))
				const seed = float32([rows / prompts.promptsPerClass, width], padded)
				const results = await backward.run(own(backward, { ...feeds, ids, endPosition, seed }))
				for (const name of names) add(name, (results[`gradient/${name}`] as Tensor<'float32'>).data)
			}
		},
		async release() {
			await forward.release()
			await backward?.release()
		},
	}
}

/**
 * Unit text features [C, E] of fixed parameters. They are constants of the program, so that on the CPU the features have
 * the same bytes for any number of threads.
 */
export async function computeTextFeatures(
	engine: Engine,
	defense: Defense,
	parameters: Readonly<Record<string, Tensor<'float32'>>>,
	classesPerChunk: number,
): Promise<Tensor<'float32'>> {
	const features = defense.textFeatures(...promptInputs(defense), fixedParameters(parameters))
	const program = await engine.compile({ features }, { name: 'text features' })
	try {
		const chunks = chunksOf(defense, classesPerChunk)
		return await featuresOf(chunks, features.shape[1] as number, ({ ids, endPosition }) =>
			program.run(own(program, { ids, endPosition })),
		)
	} finally {
		await program.release()
	}
}

/** The feeds that a program reads; a text encoder in ONNX finds the end of a text itself. */
function own(program: Program, feeds: Feeds): Feeds {
	const needed = new Set(program.inputs)
	return Object.fromEntries(Object.entries(feeds).filter(([name]) => needed.has(name)))
}

/** Runs all chunks and concatenates their features: [C, width]. */
async function featuresOf(
	chunks: readonly Chunk[],
	width: number,
	run: (chunk: Chunk) => Promise<Record<string, Tensor>>,
): Promise<Tensor<'float32'>> {
	const classes = chunks.reduce((total, { count }) => total + count, 0)
	const all = new Float32Array(classes * width)
	for (const chunk of chunks) {
		const { features } = await run(chunk)
		// A chunk of one class was padded to two rows; drop the second.
		all.set((features as Tensor<'float32'>).data.subarray(0, chunk.count * width), chunk.first * width)
	}
	return float32([classes, width], all)
}

/** The inputs of the text side, for any number of whole classes. */
function promptInputs({ prompts: { promptsPerClass, length } }: Defense): [ids: Value, endPosition: Value] {
	const shape = [promptsPerClass === 1 ? 'C' : `${promptsPerClass}*C`, length]
	return [ops.input('ids', 'int64', shape), ops.input('endPosition', 'float32', shape)]
}

interface Chunk {
	/** First class and number of classes. */
	readonly first: number
	readonly count: number
	/** Rows of the inputs, padding included. */
	readonly rows: number
	readonly ids: Tensor
	readonly endPosition: Tensor
}

/** Prompts in chunks of whole classes; a single class is repeated, since a product of one row uses another kernel. */
function chunksOf({ prompts }: Defense, classesPerChunk: number): Chunk[] {
	const { promptsPerClass, length, endPositions } = prompts
	const classes = prompts.rows / promptsPerClass
	const chunks: Chunk[] = []
	for (let first = 0; first < classes; first += classesPerChunk) {
		const count = Math.min(classesPerChunk, classes - first)
		const order = Array.from({ length: Math.max(2, count) }, (_, index) => first + Math.min(index, count - 1))
		const rows = order.length * promptsPerClass
		const ids = new BigInt64Array(rows * length)
		const endPosition = new Float32Array(rows * length)
		order.forEach((label, position) => {
			for (let prompt = 0; prompt < promptsPerClass; prompt++) {
				const from = label * promptsPerClass + prompt
				const to = position * promptsPerClass + prompt
				ids.set(prompts.ids.subarray(from * length, (from + 1) * length), to * length)
				endPosition[to * length + at(endPositions, from)] = 1
			}
		})
		chunks.push({
			first,
			count,
			rows,
			ids: tensor('int64', [rows, length], ids),
			endPosition: float32([rows, length], endPosition),
		})
	}
	return chunks
}

/** Exported graphs as onnxruntime runs them from the disk: the bytes of the file, and nothing made of them. */

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { float32, type Tensor } from '../core/tensor.js'
import type { Port } from '../onnx/protobuf.js'
import type { ExportedGraph } from '../records/export.js'
import type { ModelEngine, Program } from '../runtime/engine.js'

/**
 * Compiles a graph of an export.
 * @param folder That holds the export.
 * @throws NaptuneError when the file cannot be read, the engine refuses it, or it prepares pictures itself.
 */
export async function exportedProgram(engine: ModelEngine, folder: string, graph: ExportedGraph): Promise<Program> {
	const path = join(folder, graph.file)
	// The engine takes the buffer over.
	const bytes = new Uint8Array(await readFile(path))
	return programOf(engine, bytes, graph, weightsBeside(path))
}

/** Compiles the bytes of a graph. @param externalFiles Files of weights. @throws NaptuneError as `exportedProgram`. */
export async function programOf(
	engine: ModelEngine,
	bytes: Uint8Array,
	{ file, inputs, outputs }: ExportedGraph,
	externalFiles: readonly string[] = [],
): Promise<Program> {
	const declared = inputs.map(({ name, type, shape }) => {
		if (type !== 'uint8') return { name, type, shape }
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${file} takes bytes and prepares pictures itself, which the engine does not feed. Give an export made with --preprocess outside.`,
		)
	})
	return compiledBytes(engine, { bytes, externalFiles, inputs: declared, outputs }, basename(file))
}

/** Compiles the bytes of a graph with these inputs and outputs. @param name Of the program. */
export function compiledBytes(
	engine: ModelEngine,
	graph: {
		readonly bytes: Uint8Array
		readonly externalFiles: readonly string[]
		readonly inputs: readonly Port[]
		readonly outputs: readonly Pick<Port, 'name'>[]
	},
	name: string,
): Promise<Program> {
	const outputs = graph.outputs.map((output) => ({ name: output.name }))
	return engine.compileModel({ ...graph, outputs, nodeOrigins: new Map() }, { name })
}

/** Files of weights beside a graph. */
export function weightsBeside(path: string): string[] {
	const weights = `${path}_data`
	return existsSync(weights) ? [weights] : []
}

/** Pixels in [0, 1] as `pixel_values`: (pixel - mean) / std, each in float32. @param pixels [B, 3, H, W]. */
export function pixelValuesOf(
	{ shape, data }: Tensor<'float32'>,
	{ mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
): Tensor<'float32'> {
	const area = (shape[2] ?? 0) * (shape[3] ?? 0)
	const values = new Float32Array(data.length)
	// The graph's own normalisation computes in float32, step by step; so does this, for the same bits.
	const means = Float32Array.from(mean)
	const deviations = Float32Array.from(std)
	for (let plane = 0; plane * area < data.length; plane++) {
		const channel = plane % 3
		for (let at = plane * area; at < (plane + 1) * area; at++) {
			values[at] = Math.fround((data[at] ?? Number.NaN) - (means[channel] ?? 0)) / (deviations[channel] ?? 1)
		}
	}
	return float32(shape, values)
}

/** One output of a program as float32. */
export async function runForOutput(
	program: Program,
	feeds: Readonly<Record<string, Tensor>>,
	output: string,
): Promise<Tensor<'float32'>> {
	const found = await program.run(feeds, { outputs: [output] })
	return entry(found, output) as Tensor<'float32'>
}

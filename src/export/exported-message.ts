/** The graphs of an export as messages, read from its files. */

import { readFile } from 'node:fs/promises'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { type ModelProto, ModelProtoSchema } from 'onnx-buf'
import type { Port } from '../onnx/protobuf.js'
import type { ExportedGraph } from '../records/export.js'
import type { ModelEngine, Program } from '../runtime/engine.js'
import { compiledBytes, weightsBeside } from './exported-program.js'
import type { LoadedExport } from './load-export.js'

/** A graph of an export. Weights in a file of their own stay there. */
export interface ExportedMessage {
	readonly model: ModelProto
	/** Paths of files of weights beside it. */
	readonly externalFiles: readonly string[]
}

/** Reads one. */
export async function exportedMessage({ graphPath }: LoadedExport, graph: ExportedGraph): Promise<ExportedMessage> {
	const path = graphPath(graph)
	const model = fromBinary(ModelProtoSchema, new Uint8Array(await readFile(path)))
	return { model, externalFiles: weightsBeside(path) }
}

/** Compiles a model, or a part of one, whose inputs and outputs are these. @param name Of the program. */
export function compiledMessage(
	engine: ModelEngine,
	{ model, externalFiles }: ExportedMessage,
	{ inputs, outputs }: { readonly inputs: readonly Port[]; readonly outputs: readonly Pick<Port, 'name'>[] },
	name: string,
): Promise<Program> {
	return compiledBytes(engine, { bytes: toBinary(ModelProtoSchema, model), externalFiles, inputs, outputs }, name)
}

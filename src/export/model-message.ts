/** Graphs as whole ONNX models: every weight that they refer to is read in, so that nothing points outside of them. */

import { realpathSync } from 'node:fs'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
	type ModelProto,
	ModelProtoSchema,
	StringStringEntryProtoSchema,
	type TensorProto,
	TensorProto_DataLocation,
} from 'onnx-buf'
import { present } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { readInto, withFile } from '../files/read-parts.js'
import { serializeModel } from '../onnx/serialize.js'
import type { Value } from '../onnx/value.js'

/** One file of an export: its content in pieces, in order. */
export interface ExportFile {
	/** Below the export's folder, with `/`. */
	readonly path: string
	readonly chunks: readonly Uint8Array[]
}

/** A file of text. */
export function textFile(path: string, text: string): ExportFile {
	return { path, chunks: [new TextEncoder().encode(text)] }
}

/** A file of JSON. */
export function jsonFile(path: string, value: unknown): ExportFile {
	return textFile(path, `${JSON.stringify(value, null, 2)}\n`)
}

/**
 * A graph as a message with its weights inside.
 * @param outputs By name.
 * @param metadata Free-form text that the model carries, by key.
 * @throws NaptuneError when a file of weights is gone or has become shorter.
 */
export async function modelMessage(
	outputs: Readonly<Record<string, Value>>,
	metadata: Readonly<Record<string, string>>,
): Promise<ModelProto> {
	const { bytes } = serializeModel(outputs, { metadata, resolveFile: realpathSync, locate: (file) => file })
	const model = fromBinary(ModelProtoSchema, bytes)
	for (const tensor of initializersOf(model)) {
		if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue
		tensor.rawData = await referredBytes(tensor)
		tensor.dataLocation = TensorProto_DataLocation.DEFAULT
		tensor.externalData = []
	}
	return model
}

/** The stored tensors of a model. */
export function initializersOf(model: ModelProto): TensorProto[] {
	return present(model.graph, 'graph in the model').initializer
}

async function referredBytes({ name, externalData }: TensorProto): Promise<Uint8Array<ArrayBuffer>> {
	const entries = new Map(externalData.map(({ key, value }) => [key, value]))
	const file = present(entries.get('location'), 'location')
	const bytes = new Uint8Array(Number(entries.get('length')))
	const read = await withFile(file, (handle) => readInto(handle, bytes, Number(entries.get('offset'))))
	if (read === bytes.length) return bytes
	throw new NaptuneError('NAP_FILE_DAMAGED', `${file} ends before the weight ${name} does. Fetch the checkpoint again.`)
}

/** A protobuf message ends at 2 GiB, and browsers allocate no more at once; beyond this, weights get a file of their own. */
const largestSingleFile = 1.8 * 2 ** 30
/** Weights are mapped from multiples of this. */
const alignment = 4096

/**
 * The files of a model: one, or beyond what one may hold its graph and `PATH_data` with the weights.
 * @param path Of the `.onnx` file below the export's folder. @param largest Bytes of weights that one file may hold.
 */
export function modelFiles(path: string, model: ModelProto, largest = largestSingleFile): ExportFile[] {
	const weights = initializersOf(model)
	const total = weights.reduce((sum, { rawData }) => sum + rawData.byteLength, 0)
	if (total <= largest) return [{ path, chunks: [toBinary(ModelProtoSchema, model)] }]
	const dataPath = `${path}_data`
	const location = present(dataPath.split('/').at(-1), 'name of the file of weights')
	const chunks: Uint8Array[] = []
	let offset = 0
	const stored = weights.map((tensor) => {
		if (tensor.rawData.byteLength < 1024) return tensor
		const gap = (alignment - (offset % alignment)) % alignment
		if (gap > 0) chunks.push(new Uint8Array(gap))
		chunks.push(tensor.rawData)
		offset += gap
		const reference = { location, offset: String(offset), length: String(tensor.rawData.byteLength) }
		offset += tensor.rawData.byteLength
		return {
			...tensor,
			rawData: new Uint8Array(),
			dataLocation: TensorProto_DataLocation.EXTERNAL,
			externalData: Object.entries(reference).map(([key, value]) =>
				create(StringStringEntryProtoSchema, { key, value }),
			),
		}
	})
	const graph = { ...present(model.graph, 'graph in the model'), initializer: stored }
	return [
		{ path, chunks: [toBinary(ModelProtoSchema, { ...model, graph })] },
		{ path: dataPath, chunks },
	]
}

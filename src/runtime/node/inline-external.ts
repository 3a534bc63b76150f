/** Moves weights into the graph itself if they are outside the one directory that the engine may read. */

import { closeSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema, type TensorProto, TensorProto_DataLocation } from 'onnx-buf'
import { NaptuneError } from '../../core/errors.js'

/** Protobuf messages end at 2 GiB. */
const limit = 2 ** 31 - 2 ** 20

/**
 * The model with all initializers that point into `paths` or `contents` stored inline. Others keep their references.
 * @param paths Files, which the model names by their base names.
 * @param contents Files in memory, by their names in the model.
 * @throws NaptuneError when a file is shorter than the model states, or the weights do not fit into one model.
 */
export function inlineExternal(
	model: Uint8Array,
	paths: readonly string[],
	contents: ReadonlyMap<string, Uint8Array> = new Map(),
): Uint8Array<ArrayBuffer> {
	const parsed = fromBinary(ModelProtoSchema, model)
	const files = new Map(paths.map((path) => [basename(path), path]))
	let total = model.byteLength
	for (const initializer of parsed.graph?.initializer ?? []) {
		const reference = new Map(initializer.externalData.map(({ key, value }) => [key, value]))
		const location = reference.get('location') ?? ''
		const source = contents.get(location) ?? files.get(location)
		if (source === undefined) continue
		const offset = Number(reference.get('offset') ?? 0)
		const length = Number(reference.get('length'))
		total += length
		if (total > limit) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`The weights of ${[...paths, ...contents.keys()].join(', ')} are too large to copy into one graph; put them into the directory of the other weights.`,
			)
		}
		store(
			initializer,
			typeof source === 'string' ? readSlice(source, offset, length) : source.slice(offset, offset + length),
		)
	}
	return toBinary(ModelProtoSchema, parsed)
}

function store(initializer: TensorProto, data: Uint8Array<ArrayBuffer>): void {
	initializer.dataLocation = TensorProto_DataLocation.DEFAULT
	initializer.externalData = []
	initializer.rawData = data
}

function readSlice(path: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
	const data = new Uint8Array(length)
	const file = openSync(path, 'r')
	try {
		for (let at = 0; at < length; ) {
			const count = readSync(file, data, at, length - at, offset + at)
			if (count === 0) {
				throw new NaptuneError(
					'NAP_FILE_DAMAGED',
					`The weights file ${path} ends before byte ${offset + length}, which the graph refers to; restore it, or download it again.`,
				)
			}
			at += count
		}
	} finally {
		closeSync(file)
	}
	return data
}

/** Putting weights into the graph itself, for files outside the one directory that the engine may read from. */

import { closeSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema, type TensorProto, TensorProto_DataLocation } from 'onnx-buf'
import { NaptuneError } from '../core/errors.js'

/** Protobuf messages end at 2 GiB. */
const limit = 2 ** 31 - 2 ** 20

/**
 * The model with all initializers that point into `paths` stored inline. Others keep their references.
 * @param paths Files, which the model names by their base names.
 * @throws NaptuneError when a file is shorter than the model says, or the weights do not fit into one model.
 */
export function inlineExternal(model: Uint8Array, paths: readonly string[]): Uint8Array {
	const parsed = fromBinary(ModelProtoSchema, model)
	const files = new Map(paths.map((path) => [basename(path), path]))
	let total = model.byteLength
	for (const initializer of parsed.graph?.initializer ?? []) {
		const reference = new Map(initializer.externalData.map(({ key, value }) => [key, value]))
		const path = files.get(reference.get('location') ?? '')
		if (path === undefined) continue
		const length = Number(reference.get('length'))
		total += length
		if (total > limit) {
			throw new NaptuneError(
				`The weights of ${paths.join(', ')} are too large to be copied into one graph; put them into the directory of the other weights.`,
			)
		}
		store(initializer, readSlice(path, Number(reference.get('offset') ?? 0), length))
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
					`The weights file ${path} ends before byte ${offset + length}, which the graph refers to; restore it or load it again.`,
				)
			}
			at += count
		}
	} finally {
		closeSync(file)
	}
	return data
}

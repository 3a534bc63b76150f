/** Reads tensors stored in ONNX files, and their references to other files. */

import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType } from 'onnx-buf'
import { NaptuneError } from '../core/errors.js'
import { type ElementType, elementBytes, elementCount, type Tensor, type TensorData, tensor } from '../core/tensor.js'
import { external, literal } from './builders.js'
import { elementTypeNumbers } from './element-types.js'
import { pathBelow } from './locations.js'
import type { ExternalReference, Value } from './value.js'

/** A file that holds weights of a model. */
export interface WeightsFile extends Pick<ExternalReference, 'file' | 'content'> {
	/** Length in bytes. */
	readonly size: number
}

/**
 * Weight files beside a model: their contents by their path in the model (relative, with `/`), or a function that finds them
 * by path and throws a NaptuneError if there is none.
 */
export type WeightsFiles = Readonly<Record<string, Uint8Array>> | ((path: string, weight: string) => WeightsFile)

/** The element type of a stored tensor; `undefined` for types the graph language does not know. */
export function storedType({ dataType }: Pick<TensorProto, 'dataType'>): ElementType | undefined {
	return (Object.keys(elementTypeNumbers) as ElementType[]).find((type) => elementTypeNumbers[type] === dataType)
}

/** The name of an ONNX element type, for messages. */
export function typeName(dataType: number): string {
	return TensorProto_DataType[dataType]?.toLowerCase() ?? `type ${dataType}`
}

/**
 * The value of an initializer: a constant, or a reference into another file beside the model.
 * @param files The model's other files; needed for references only.
 * @throws NaptuneError when data and shape disagree, or a referenced file is missing, too short or elsewhere.
 */
export function readInitializer(stored: TensorProto, files: WeightsFiles | undefined): Value {
	if (stored.dataLocation !== TensorProto_DataLocation.EXTERNAL) return literal(readTensor(stored))
	const { type, shape } = typeAndShape(stored)
	const bytes = elementCount(shape) * elementBytes[type]
	const entries = new Map(stored.externalData.map(({ key, value }) => [key, value]))
	const number = (key: string, fallback: number) => {
		const text = entries.get(key)
		if (text === undefined) return fallback
		const value = Number(text)
		if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
			throw new NaptuneError(
				'NAP_ONNX_INVALID',
				`Weight ${stored.name} has the ${key} ${text}, which is not a number of bytes.`,
			)
		}
		return value
	}
	const offset = number('offset', 0)
	const length = number('length', bytes)
	const { size, ...found } = find(stored.name, entries.get('location') ?? '', files)
	if (offset + length > size) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			`Weight ${stored.name} needs the bytes ${offset} to ${offset + length} of ${found.file}, which has only ${size}. Is the file complete?`,
		)
	}
	return external(stored.name, type, shape, { ...found, offset, length })
}

function find(name: string, location: string, files: WeightsFiles | undefined): WeightsFile {
	const path = pathBelow(location)
	if (path === undefined) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`Weight ${name} refers to the file "${location}"; only files inside the model's own directory are allowed.`,
		)
	}
	if (files === undefined) {
		throw new NaptuneError(
			'NAP_FILE_MISSING',
			`Weight ${name} is in the file ${location}; give the directory of the model's files, or their contents.`,
		)
	}
	if (typeof files === 'function') return files(path, name)
	const content = Object.hasOwn(files, path) ? files[path] : undefined
	if (content) return { file: path, content, size: content.byteLength }
	const known = Object.keys(files).join(', ') || 'none'
	throw new NaptuneError(
		'NAP_FILE_MISSING',
		`Weight ${name} is in the file ${path}, which was not given; given files: ${known}.`,
	)
}

/**
 * A tensor stored in the model itself, as raw bytes or as a list of numbers.
 * @throws NaptuneError for unknown element types, or when data and shape disagree.
 */
export function readTensor(stored: TensorProto): Tensor {
	const { type, shape } = typeAndShape(stored)
	const count = elementCount(shape)
	if (stored.rawData.length > 0) {
		const bytes = count * elementBytes[type]
		if (stored.rawData.length !== bytes) throw wrongSize(stored, `${bytes} bytes`, `${stored.rawData.length}`)
		return tensor(type, shape, new storages[type](new Uint8Array(stored.rawData).buffer) as TensorData)
	}
	const listed = listedData(stored, type)
	if (listed.length !== count) throw wrongSize(stored, `${count} numbers`, `${listed.length}`)
	return tensor(type, shape, listed)
}

const storages = {
	float32: Float32Array,
	float64: Float64Array,
	int64: BigInt64Array,
	int32: Int32Array,
	bool: Uint8Array,
} as const

/** The list in which ONNX stores numbers other than raw bytes; booleans and small integers share one with int32. */
function listedData(stored: TensorProto, type: ElementType): TensorData {
	switch (type) {
		case 'float32':
			return Float32Array.from(stored.floatData)
		case 'float64':
			return Float64Array.from(stored.doubleData)
		case 'int64':
			return BigInt64Array.from(stored.int64Data)
		case 'int32':
			return Int32Array.from(stored.int32Data)
		case 'bool':
			return Uint8Array.from(stored.int32Data, (value) => (value === 0 ? 0 : 1))
	}
}

function typeAndShape(stored: TensorProto): { readonly type: ElementType; readonly shape: readonly number[] } {
	const type = storedType(stored)
	if (!type) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`Tensor ${stored.name} holds ${typeName(stored.dataType)}; supported: ${Object.keys(elementTypeNumbers).join(', ')}.`,
		)
	}
	const shape = stored.dims.map(Number)
	const bytes = elementCount(shape) * elementBytes[type]
	if (shape.some((size) => !Number.isSafeInteger(size) || size < 0) || !Number.isSafeInteger(bytes)) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			`Tensor ${stored.name} claims the shape [${stored.dims.join(', ')}], which is not possible.`,
		)
	}
	if (stored.segment)
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`Tensor ${stored.name} is stored in segments, which is not supported.`,
		)
	return { type, shape }
}

function wrongSize(stored: TensorProto, needed: string, found: string): NaptuneError {
	return new NaptuneError(
		'NAP_ONNX_INVALID',
		`Tensor ${stored.name} of shape [${stored.dims.join(', ')}] needs ${needed}, but the model has ${found}. Is the file damaged?`,
	)
}

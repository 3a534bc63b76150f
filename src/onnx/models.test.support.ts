/** Models as other tools write them. */

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import {
	AttributeProto_AttributeType as Kind,
	ModelProtoSchema,
	type NodeProtoSchema,
	type TensorProtoSchema,
} from 'onnx-buf'
import { defined } from '../core/defined.js'
import { float32 } from '../core/tensor.js'

export type NodeInit = MessageInitShape<typeof NodeProtoSchema>
export type TensorInit = MessageInitShape<typeof TensorProtoSchema>

export interface ModelInit {
	readonly nodes?: readonly NodeInit[]
	readonly initializers?: readonly TensorInit[]
	readonly inputs?: Readonly<Record<string, { elemType: number; shape: readonly (number | string)[] | null }>>
	readonly outputs?: readonly string[]
	readonly opset?: number
	readonly domain?: string
}

/** A model as other tools write it. */
export function model({
	nodes = [],
	initializers = [],
	inputs = {},
	outputs = ['y'],
	opset = 20,
	domain = '',
}: ModelInit): Uint8Array {
	const port = (name: string, elemType: number, shape: readonly (number | string)[] | null) => ({
		name,
		type: {
			value: {
				case: 'tensorType' as const,
				value: {
					elemType,
					...defined({
						shape: shape
							? {
									dim: shape.map((size) => ({
										value:
											typeof size === 'number'
												? { case: 'dimValue' as const, value: BigInt(size) }
												: { case: 'dimParam' as const, value: size },
									})),
								}
							: undefined,
					}),
				},
			},
		},
	})
	return toBinary(
		ModelProtoSchema,
		create(ModelProtoSchema, {
			irVersion: 8n,
			producerName: 'other tool',
			opsetImport: [{ domain, version: BigInt(opset) }],
			graph: {
				node: [...nodes],
				initializer: [...initializers],
				input: Object.entries(inputs).map(([name, { elemType, shape }]) => port(name, elemType, shape)),
				output: outputs.map((name) => port(name, 1, null)),
			},
		}),
	)
}

export const x = { x: { elemType: 1, shape: ['batch', 4] } }
export const values = float32([2, 4], [1, -2, 3, 0.5, -1, 4, 0.25, 2])
export const int = (name: string, i: number) => ({ name, type: Kind.INT, i: BigInt(i) })
export const ints = (name: string, list: readonly number[]) => ({ name, type: Kind.INTS, ints: list.map(BigInt) })
export const int64s = (name: string, dims: readonly number[], list: readonly number[]): TensorInit => ({
	name,
	dataType: 7,
	dims: dims.map(BigInt),
	int64Data: list.map(BigInt),
})

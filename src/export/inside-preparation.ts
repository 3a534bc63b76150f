/** Preparation of pictures as part of a graph: bytes of any size to pixel values. */

import { create } from '@bufbuild/protobuf'
import {
	AttributeProto_AttributeType,
	AttributeProtoSchema,
	type ModelProto,
	type NodeProto,
	NodeProtoSchema,
	type TensorProto,
	TensorProto_DataType,
	TensorProtoSchema,
} from 'onnx-buf'
import { present } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'
import { float32 } from '../core/tensor.js'
import { portMessage } from '../onnx/protobuf.js'
import type { PreprocessorConfig } from '../vlm/preprocessor-config.js'
import { batchSize } from './classifier-graph.js'

/** Name of the input that takes pictures: uint8 [batch_size, height, width, 3], red first, all of one size. */
export const imageName = 'image'
/** Its shape. */
export const imageShape = [batchSize, 'height', 'width', 3] as const

/** ONNX's names of the filters that Pillow has, too. */
const modes: Readonly<Partial<Record<PreprocessorConfig['resample'], string>>> = {
	bicubic: 'cubic',
	bilinear: 'linear',
}

/**
 * A model that takes pictures instead of `pixel_values`: resized with antialiasing, cropped and normalised as the checkpoint's
 * config says. Only operators that onnxruntime has on the CPU and in WASM are used.
 * @throws NaptuneError for a config that asks for what these do not do.
 */
export function withPreparationInside(model: ModelProto, config: PreprocessorConfig): ModelProto {
	const graph = present(model.graph, 'graph in the model')
	const { nodes, initializers } = preparation(config)
	const [shape, type] = [[...imageShape], 'int32'] as const
	const port = portMessage({ name: imageName, type, shape })
	if (port.type?.value.case === 'tensorType') port.type.value.value.elemType = TensorProto_DataType.UINT8
	const input = graph.input.map((own) => (own.name === 'pixel_values' ? port : own))
	return {
		...model,
		graph: {
			...graph,
			node: [...nodes, ...graph.node],
			initializer: [...initializers, ...graph.initializer],
			input,
		},
	}
}

/** The graph of preparation alone: `image` to `pixel_values`. @param model Whose input it prepares. */
export function preparationAlone(model: ModelProto, config: PreprocessorConfig): ModelProto {
	const whole = withPreparationInside(model, config)
	const graph = present(whole.graph, 'graph in the model')
	const { nodes, initializers } = preparation(config)
	const output = present(model.graph, 'graph').input.filter(({ name }) => name === 'pixel_values')
	return { ...whole, graph: { ...graph, node: nodes, initializer: initializers, output } }
}

function preparation(config: PreprocessorConfig): {
	readonly nodes: NodeProto[]
	readonly initializers: TensorProto[]
} {
	const nodes: NodeProto[] = []
	const initializers: TensorProto[] = []
	const node = (opType: string, inputs: readonly string[], attributes: Attributes = {}, output?: string): string => {
		const name = `prepare_${nodes.length}_${opType}`
		const own = output ?? name
		nodes.push(
			create(NodeProtoSchema, { name, opType, input: [...inputs], output: [own], attribute: listed(attributes) }),
		)
		return own
	}
	const stored = (dims: readonly number[], data: Float32Array | BigInt64Array): string => {
		const name = `prepare_constant_${initializers.length}`
		const dataType = data instanceof Float32Array ? TensorProto_DataType.FLOAT : TensorProto_DataType.INT64
		const rawData = new Uint8Array(data.slice().buffer)
		initializers.push(create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt), rawData }))
		return name
	}
	const integers = (...values: readonly number[]) => stored([values.length], BigInt64Array.from(values, BigInt))
	const numbers = (...values: readonly number[]) => stored([1, values.length, 1, 1], Float32Array.from(values))

	const planes = node('Transpose', [node('Cast', [imageName], { to: TensorProto_DataType.FLOAT })], {
		perm: [0, 3, 1, 2],
	})
	const { resize, crop } = config
	let pixels = planes
	let size = node('Shape', [planes], { start: 2, end: 4 })
	if (resize.kind === 'longest-edge') throw refused('resizes by the longer edge')
	if (config.doResize) {
		const mode = modes[config.resample]
		if (mode === undefined) throw refused(`resamples by ${config.resample}`)
		if (resize.kind === 'exact') {
			size = integers(resize.height, resize.width)
		} else {
			// Whole numbers, divided without their rest: the longer edge is truncated, as torchvision does.
			const shorter = node('ReduceMin', [size], { keepdims: 1 })
			size = node('Div', [node('Mul', [size, integers(resize.shortestEdge)]), shorter])
		}
		const resized = node('Resize', [planes, '', '', size], {
			axes: [2, 3],
			antialias: 1,
			mode,
			cubic_coeff_a: -0.5,
			exclude_outside: mode === 'cubic' ? 1 : 0,
			coordinate_transformation_mode: 'half_pixel',
		})
		const rounded = node('Floor', [node('Add', [resized, numbers(0.5)])])
		pixels = node('Clip', [rounded, stored([], Float32Array.of(0)), stored([], Float32Array.of(255))])
	}
	if (config.doCenterCrop) {
		const least = !config.doResize
			? { height: 0, width: 0 }
			: resize.kind === 'exact'
				? resize
				: { height: resize.shortestEdge, width: resize.shortestEdge }
		if (crop.height > least.height || crop.width > least.width) {
			throw refused('crops more than resizing leaves, which would have to be filled up')
		}
		const rest = node('Sub', [size, integers(crop.height, crop.width)])
		const middle = node('Mul', [
			node('Cast', [rest], { to: TensorProto_DataType.FLOAT }),
			stored([1], Float32Array.of(0.5)),
		])
		// Halves to the even side, as torchvision does.
		const start = node('Cast', [node('Round', [middle])], { to: TensorProto_DataType.INT64 })
		const end = node('Add', [start, integers(crop.height, crop.width)])
		pixels = node('Slice', [pixels, start, end, integers(2, 3)])
	} else if (!config.doResize || resize.kind !== 'exact') {
		throw refused('leaves the size open')
	}
	const unit = node('Div', [pixels, numbers(255)])
	node('Div', [node('Sub', [unit, numbers(...config.mean)]), numbers(...config.std)], {}, 'pixel_values')
	return { nodes, initializers }
}

type Attributes = Readonly<Record<string, number | string | readonly number[]>>

function listed(attributes: Attributes): NodeProto['attribute'] {
	return Object.entries(attributes).map(([name, value]) => {
		if (typeof value === 'string') {
			const s = new TextEncoder().encode(value)
			return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s })
		}
		if (typeof value !== 'number') {
			const whole = value.map(BigInt)
			return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: whole })
		}
		return Number.isInteger(value)
			? create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) })
			: create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value })
	})
}

function refused(what: string): NaptuneError {
	return new NaptuneError(
		'NAP_EXPORT_REFUSED',
		`The model's preprocessor_config.json ${what}, which the graph cannot do. Export with --preprocess outside.`,
	)
}

/** Pixel values as the bytes that they were. @param values [B, 3, S, S], normalised. */
export function bytesOfPixelValues(
	{ shape, data }: Tensor<'float32'>,
	{ mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
): Tensor<'float32'> {
	const area = (shape[2] ?? 0) * (shape[3] ?? 0)
	const bytes = data.map((value, index) => {
		const channel = Math.floor(index / area) % 3
		return Math.round((value * (std[channel] ?? 1) + (mean[channel] ?? 0)) * 255)
	})
	return float32(shape, bytes)
}

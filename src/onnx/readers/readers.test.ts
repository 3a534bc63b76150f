import { AttributeProto_AttributeType as Kind } from 'onnx-buf'
import { Tensor as EngineTensor, InferenceSession } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { float32 } from '../../core/tensor.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import { readModel } from '../index.js'
import { int, int64s, ints, type ModelInit, model, type NodeInit, type TensorInit } from '../models.test.support.js'

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

const shape = [2, 4, 5, 6]
const data = Float32Array.from({ length: 240 }, (_, at) => Math.sin(at * 1.7) * 2 + Math.cos(at * 0.31))
const text = (name: string, value: string) => ({ name, type: Kind.STRING, s: Buffer.from(value) })
const float = (name: string, f: number) => ({ name, type: Kind.FLOAT, f })
const floats = (name: string, list: readonly number[]): TensorInit => ({
	name,
	dataType: 1,
	dims: [BigInt(list.length)],
	floatData: [...list],
})
const node = (
	opType: string,
	input: readonly string[],
	...attribute: NonNullable<NodeInit['attribute']>
): NodeInit => ({
	opType,
	input: [...input],
	output: ['y'],
	attribute,
})

/** What ONNX Runtime makes of the file as it is, and what comes of it by way of the graph language. */
async function both(init: ModelInit) {
	const bytes = model({ inputs: { x: { elemType: 1, shape: ['batch', 4, 5, 6] } }, ...init })
	const session = await InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 })
	const { y } = await session.run({ x: new EngineTensor('float32', data, shape) })
	await session.release()
	const program = await engine.compile({ y: readModel(bytes).outputs.y! })
	const read = await program.run(program.inputs.includes('x') ? { x: float32(shape, data) } : {})
	await program.release()
	return { reference: y!, read: read.y! }
}

const unevenReductions = [
	['ReduceMean', [-1], 0],
	['ReduceMean', [2, 3], 0],
	['ReduceMean', [-1, -2], 1],
	['ReduceSum', [3, 1, 2], 1],
	['ReduceSumSquare', [2, 3], 1],
	['ReduceL1', [2, 3], 0],
	['ReduceSum', [1, 2], 0],
	['ReduceLogSumExp', [3, 2], 0],
] as const

/** Of three channels of 5 x 5 entries, 75 for each image. */
function unevenReduction(operator: string, axes: readonly number[], keepdims: number): ModelInit {
	return {
		nodes: [
			{ ...node('Slice', ['x', 'starts', 'ends', 'cut']), output: ['u'] },
			node(operator, ['u', 'axes'], int('keepdims', keepdims)),
		],
		initializers: [
			int64s('starts', [2], [0, 0]),
			int64s('ends', [2], [3, 5]),
			int64s('cut', [2], [1, 3]),
			int64s('axes', [axes.length], axes),
		],
	}
}

it.each(unevenReductions.slice(0, -2))(
	'%s over [%s] gives an image the same bytes in every batch',
	async (...given) => {
		const bytes = model({ inputs: { x: { elemType: 1, shape: ['batch', 4, 5, 6] } }, ...unevenReduction(...given) })
		const program = await engine.compile({ y: readModel(bytes).outputs.y! })
		const size = 4 * 5 * 6
		const values = Float32Array.from({ length: 9 * size }, (_, at) => Math.sin(at * at) + 0.1)
		const run = async (first: number, count: number) => {
			const x = float32([count, 4, 5, 6], values.subarray(first * size, (first + count) * size))
			return Array.from((await program.run({ x })).y!.data as Float32Array)
		}
		const whole = await run(0, 9)
		const each = whole.length / 9
		for (let first = 0; first < 8; first++) {
			expect(await run(first, 2), `images ${first} and ${first + 1}`).toEqual(
				whole.slice(first * each, (first + 2) * each),
			)
		}
		await program.release()
	},
)

describe('operators of files give what ONNX Runtime gives for the file itself', () => {
	const resize = (mode: string, ...attribute: NonNullable<NodeInit['attribute']>) => ({
		nodes: [node('Resize', ['x', '', '', 's'], text('mode', mode), ...attribute)],
		initializers: [int64s('s', [4], [2, 4, 8, 3])],
		opset: 18,
	})
	const scaled = (mode: string, ...attribute: NonNullable<NodeInit['attribute']>) => ({
		nodes: [node('Resize', ['x', '', 's'], text('mode', mode), ...attribute)],
		initializers: [floats('s', [1, 1, 2, 2.5])],
		opset: 18,
	})
	const coordinates = (name: string) => text('coordinate_transformation_mode', name)
	const kernel = ints('kernel_shape', [3, 2])
	const channels = floats('a', [0.5, -1, 2, 0.1])
	const statistics = [
		channels,
		floats('b', [1, 2, 3, 4]),
		floats('m', [0.1, 0.2, -0.3, 0]),
		floats('v', [1, 2, 0.5, 3]),
	]
	const cases: readonly (readonly [string, ModelInit])[] = [
		[
			'GatherND of two coordinates, some from the end',
			{ nodes: [node('GatherND', ['x', 'i'])], initializers: [int64s('i', [3, 2], [1, 3, 0, -1, 1, 0])] },
		],
		[
			'GatherND of single numbers',
			{ nodes: [node('GatherND', ['x', 'i'])], initializers: [int64s('i', [2, 1, 4], [1, 3, 4, 5, 0, 0, -2, -6])] },
		],
		['Resize linear', resize('linear')],
		['Resize linear, corners aligned', resize('linear', coordinates('align_corners'))],
		['Resize linear, asymmetric', scaled('linear', coordinates('asymmetric'))],
		['Resize linear by scales', scaled('linear', coordinates('pytorch_half_pixel'))],
		['Resize nearest', resize('nearest', coordinates('asymmetric'), text('nearest_mode', 'floor'))],
		['Resize nearest, half pixel', scaled('nearest', text('nearest_mode', 'round_prefer_ceil'))],
		['Resize nearest, ceil', scaled('nearest', coordinates('align_corners'), text('nearest_mode', 'ceil'))],
		['Resize cubic', resize('cubic')],
		['Resize cubic without the outside', scaled('cubic', float('cubic_coeff_a', -0.5), int('exclude_outside', 1))],
		[
			'Upsample of version 9',
			{
				opset: 9,
				nodes: [node('Upsample', ['x', 's'], text('mode', 'nearest'))],
				initializers: [floats('s', [1, 1, 2, 3])],
			},
		],
		[
			'AveragePool with a border that does not count',
			{ nodes: [node('AveragePool', ['x'], kernel, ints('pads', [1, 0, 2, 1]), ints('strides', [2, 1]))] },
		],
		[
			'AveragePool with a border that counts',
			{ nodes: [node('AveragePool', ['x'], kernel, ints('pads', [1, 0, 2, 1]), int('count_include_pad', 1))] },
		],
		[
			'AveragePool over the end',
			{ nodes: [node('AveragePool', ['x'], kernel, ints('strides', [3, 4]), int('ceil_mode', 1))], opset: 19 },
		],
		['AveragePool SAME_LOWER', { nodes: [node('AveragePool', ['x'], kernel, text('auto_pad', 'SAME_LOWER'))] }],
		['MaxPool over the end', { nodes: [node('MaxPool', ['x'], kernel, ints('strides', [2, 4]), int('ceil_mode', 1))] }],
		[
			'MaxPool SAME_UPPER with dilations',
			{ nodes: [node('MaxPool', ['x'], kernel, ints('strides', [2, 2]), text('auto_pad', 'SAME_UPPER'))] },
		],
		['GlobalMaxPool', { nodes: [node('GlobalMaxPool', ['x'])] }],
		[
			'Conv SAME_LOWER in groups',
			{
				nodes: [node('Conv', ['x', 'w'], int('group', 2), text('auto_pad', 'SAME_LOWER'), ints('strides', [2, 1]))],
				initializers: [
					{
						name: 'w',
						dataType: 1,
						dims: [2n, 2n, 3n, 2n],
						floatData: Array.from({ length: 24 }, (_, at) => Math.sin(at)),
					},
				],
			},
		],
		[
			'BatchNormalization',
			{
				nodes: [node('BatchNormalization', ['x', 'a', 'b', 'm', 'v'], float('epsilon', 0.01))],
				initializers: statistics,
			},
		],
		['InstanceNormalization', { nodes: [node('InstanceNormalization', ['x', 'a', 'b'])], initializers: statistics }],
		[
			'GroupNormalization of version 21',
			{
				opset: 21,
				nodes: [node('GroupNormalization', ['x', 'a', 'b'], int('num_groups', 2))],
				initializers: statistics,
			},
		],
		[
			'LayerNormalization over two axes',
			{
				nodes: [node('LayerNormalization', ['x', 'g'], int('axis', 2))],
				initializers: [
					{ name: 'g', dataType: 1, dims: [5n, 6n], floatData: Array.from({ length: 30 }, (_, at) => at / 10) },
				],
			},
		],
		['LpNormalization', { nodes: [node('LpNormalization', ['x'], int('axis', 1), int('p', 1))] }],
		...[
			'Elu',
			'Selu',
			'Celu',
			'HardSigmoid',
			'HardSwish',
			'LeakyRelu',
			'Mish',
			'Softplus',
			'Softsign',
			'ThresholdedRelu',
		].map((name) => [name, { nodes: [node(name, ['x'])] }] as const),
		['Elu with alpha', { nodes: [node('Elu', ['x'], float('alpha', 0.3))] }],
		[
			'PRelu',
			{
				nodes: [node('PRelu', ['x', 's'])],
				initializers: [{ name: 's', dataType: 1, dims: [4n, 1n, 1n], floatData: [0.1, 0.2, -0.3, 0.4] }],
			},
		],
		['Softmax of version 11', { opset: 11, nodes: [node('Softmax', ['x'], int('axis', 2))] }],
		['LogSoftmax of version 11', { opset: 11, nodes: [node('LogSoftmax', ['x'])] }],
		['Clip of version 6', { opset: 7, nodes: [node('Clip', ['x'], float('min', -0.5), float('max', 1))] }],
		[
			'Slice of version 9',
			{ opset: 9, nodes: [node('Slice', ['x'], ints('axes', [1, 3]), ints('starts', [1, -2]), ints('ends', [3, 99]))] },
		],
		[
			'Slice with steps',
			{
				nodes: [node('Slice', ['x', 'f', 't', 'i', 's'])],
				initializers: [
					int64s('f', [3], [1, 99, 0]),
					int64s('t', [3], [5, -99, 4]),
					int64s('i', [3], [2, 3, 1]),
					int64s('s', [3], [2, -2, 1]),
				],
			},
		],
		[
			'Split of version 11',
			{
				opset: 11,
				nodes: [
					{ opType: 'Split', input: ['x'], output: ['a', 'y'], attribute: [int('axis', 1), ints('split', [1, 3])] },
				],
			},
		],
		[
			'Unsqueeze and Squeeze of version 11',
			{
				opset: 11,
				nodes: [
					{ opType: 'Unsqueeze', input: ['x'], output: ['u'], attribute: [ints('axes', [1, 5])] },
					node('Squeeze', ['u'], ints('axes', [1])),
				],
			},
		],
		...['reflect', 'edge', 'wrap'].map(
			(mode) =>
				[
					`Pad ${mode}`,
					{
						opset: 19,
						nodes: [node('Pad', ['x', 'p'], text('mode', mode))],
						initializers: [int64s('p', [8], [0, 0, 2, 1, 0, 0, 1, 3])],
					},
				] as const,
		),
		['Pad and cut', { nodes: [node('Pad', ['x', 'p'])], initializers: [int64s('p', [8], [0, 0, -1, 1, 0, 1, 2, -2])] }],
		[
			'Pad of version 2',
			{ opset: 10, nodes: [node('Pad', ['x'], ints('pads', [0, 1, 0, 0, 0, 0, 2, 0]), float('value', 0.5))] },
		],
		['Tile', { nodes: [node('Tile', ['x', 'r'])], initializers: [int64s('r', [4], [1, 2, 1, 3])] }],
		['DepthToSpace', { nodes: [node('DepthToSpace', ['x'], int('blocksize', 2))] }],
		['DepthToSpace, columns last', { nodes: [node('DepthToSpace', ['x'], int('blocksize', 2), text('mode', 'CRD'))] }],
		[
			'SpaceToDepth',
			{
				nodes: [
					{ opType: 'Transpose', input: ['x'], output: ['t'], attribute: [ints('perm', [0, 2, 1, 3])] },
					node('SpaceToDepth', ['t'], int('blocksize', 2)),
				],
			},
		],
		[
			'CumSum',
			{
				nodes: [node('CumSum', ['x', 'a'], int('reverse', 1), int('exclusive', 1))],
				initializers: [int64s('a', [], [2])],
			},
		],
		[
			'ReduceLogSumExp',
			{ nodes: [node('ReduceLogSumExp', ['x', 'a'], int('keepdims', 0))], initializers: [int64s('a', [2], [1, 3])] },
		],
		...unevenReductions.map(([operator, axes, keepdims]) => {
			const init = unevenReduction(operator, axes, keepdims)
			return [`${operator} of uneven images over [${axes}], ${keepdims ? 'kept' : 'dropped'}`, init] as const
		}),
		...['bchw,cd->bdhw', 'bchw,dc->dbwh', 'bchw,bcdw->bhd', 'bchw->wb'].map((equation) => {
			const second = { cd: 'w2', dc: 'w2', bcdw: 'x' }[equation.split(',')[1]?.split('->')[0] ?? '']
			return [
				`Einsum ${equation}`,
				{
					nodes: [node('Einsum', second ? ['x', second] : ['x'], text('equation', equation))],
					initializers: [
						{ name: 'w2', dataType: 1, dims: [4n, 4n], floatData: Array.from({ length: 16 }, (_, at) => at - 7) },
					],
				},
			] as const
		}),
		[
			'MatMul with a vector',
			{ nodes: [node('MatMul', ['x', 'v6'])], initializers: [floats('v6', [1, 2, 3, -1, 0, 2])] },
		],
	]
	it.each(cases)('%s', async (_, init) => {
		const { reference, read } = await both(init)
		expect(read.shape).toEqual(reference.dims)
		const expected = Array.from(reference.data as Float32Array)
		const largest = Math.max(1e-3, ...expected.map(Math.abs))
		expected.forEach((value, at) => {
			expect(Math.abs((read.data as Float32Array)[at]! - value) / largest).toBeLessThan(2e-6)
		})
	})
})

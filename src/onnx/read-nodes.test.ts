import { AttributeProto_AttributeType as Kind } from 'onnx-buf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine } from '../runtime/index.js'
import { readModel, type Tensor } from './index.js'
import { int, int64s, ints, type ModelInit, model, values, x } from './models.test.support.js'

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** Runs a model on {@link values}. */
async function run(init: ModelInit): Promise<Tensor> {
	const program = await engine.compile({ y: readModel(model({ inputs: x, ...init })).outputs.y! })
	const { y } = await program.run(program.inputs.includes('x') ? { x: values } : {})
	await program.release()
	return y!
}

const list = (tensor: Tensor) => Array.from(tensor.data as Float32Array, Number)

describe('what other tools write differently', () => {
	const rows = [2.5 / 4, 5.25 / 4]
	const cases: readonly [string, ModelInit, readonly number[]][] = [
		[
			'axes as attributes (opset 13)',
			{
				opset: 13,
				nodes: [
					{ opType: 'ReduceMean', input: ['x'], output: ['y'], attribute: [ints('axes', [1]), int('keepdims', 0)] },
				],
			},
			rows,
		],
		[
			'axes as inputs (opset 18)',
			{
				opset: 18,
				nodes: [{ opType: 'ReduceMean', input: ['x', 'a'], output: ['y'], attribute: [int('keepdims', 0)] }],
				initializers: [int64s('a', [1], [-1])],
			},
			rows,
		],
		[
			'no axes and no operation',
			{ nodes: [{ opType: 'ReduceMax', input: ['x'], output: ['y'], attribute: [int('noop_with_empty_axes', 1)] }] },
			list(values),
		],
		[
			'no axes and all',
			{ nodes: [{ opType: 'ReduceL1', input: ['x'], output: ['y'], attribute: [int('keepdims', 0)] }] },
			[13.75],
		],
		[
			'squares',
			{
				nodes: [{ opType: 'ReduceSumSquare', input: ['x', 'a'], output: ['y'], attribute: [int('keepdims', 0)] }],
				initializers: [int64s('a', [1], [1])],
			},
			[14.25, 21.0625],
		],
		[
			'sums of three',
			{ nodes: [{ opType: 'Sum', input: ['x', 'x', 'x'], output: ['y'] }] },
			list(values).map((v) => 3 * v),
		],
		['means', { nodes: [{ opType: 'Mean', input: ['x', 'x'], output: ['y'] }] }, list(values)],
		['maxima of one', { nodes: [{ opType: 'Max', input: ['x'], output: ['y'] }] }, list(values)],
		[
			'constants of every form',
			{
				nodes: [
					{
						opType: 'Constant',
						output: ['a'],
						attribute: [{ name: 'value', type: Kind.TENSOR, t: { dataType: 1, dims: [1n], floatData: [2] } }],
					},
					{ opType: 'Constant', output: ['b'], attribute: [{ name: 'value_float', type: Kind.FLOAT, f: 3 }] },
					{
						opType: 'Constant',
						output: ['c'],
						attribute: [{ name: 'value_floats', type: Kind.FLOATS, floats: [1, 2, 3, 4] }],
					},
					{ opType: 'Constant', output: ['d'], attribute: [int('value_int', 1)] },
					{ opType: 'Constant', output: ['e'], attribute: [ints('value_ints', [0, 1])] },
					{ opType: 'Sum', input: ['x', 'a', 'b', 'c'], output: ['s'] },
					{ opType: 'Gather', input: ['s', 'd'], output: ['g'], attribute: [int('axis', 1)] },
					{ opType: 'Unsqueeze', input: ['g', 'e'], output: ['y'] },
				],
			},
			[5, 11],
		],
		[
			'exponents of another type',
			{ nodes: [{ opType: 'Pow', input: ['x', 'p'], output: ['y'] }], initializers: [int64s('p', [], [2])] },
			list(values).map((v) => v * v),
		],
		['dropout', { nodes: [{ opType: 'Dropout', input: ['x'], output: ['y'] }] }, list(values)],
		[
			'splits into given lengths',
			{
				nodes: [{ opType: 'Split', input: ['x', 's'], output: ['a', 'y'], attribute: [int('axis', 1)] }],
				initializers: [int64s('s', [2], [3, 1])],
			},
			[0.5, 2],
		],
		[
			'splits of equal parts',
			{ opset: 13, nodes: [{ opType: 'Split', input: ['x'], output: ['a', 'y'], attribute: [int('axis', -1)] }] },
			[3, 0.5, 0.25, 2],
		],
		[
			'splits with a smaller rest',
			{
				nodes: [
					{ opType: 'Split', input: ['w'], output: ['a', 'y'], attribute: [int('axis', 0), int('num_outputs', 2)] },
				],
				initializers: [{ name: 'w', dataType: 1, dims: [3n], floatData: [1, 2, 3] }],
			},
			[3],
		],
		[
			'squeezing all',
			{
				nodes: [
					{ opType: 'Slice', input: ['x', 'a', 'b', 'b'], output: ['s'] },
					{ opType: 'Squeeze', input: ['s'], output: ['y'] },
				],
				initializers: [int64s('a', [1], [0]), int64s('b', [1], [1])],
			},
			[1, -1],
		],
		[
			'padding of some axes',
			{
				nodes: [{ opType: 'Pad', input: ['x', 'p', '', 'a'], output: ['y'] }],
				initializers: [int64s('p', [2], [1, 0]), int64s('a', [1], [1])],
			},
			[0, 1, -2, 3, 0.5, 0, -1, 4, 0.25, 2],
		],
		[
			'ranges',
			{
				nodes: [
					{ opType: 'Range', input: ['a', 'b', 'c'], output: ['r'] },
					{ opType: 'Gather', input: ['x', 'r'], output: ['y'], attribute: [int('axis', 1)] },
				],
				initializers: [int64s('a', [], [3]), int64s('b', [], [-1]), int64s('c', [], [-2])],
			},
			[0.5, -2, 2, 4],
		],
		[
			'filled tensors',
			{
				nodes: [
					{
						opType: 'ConstantOfShape',
						input: ['s'],
						output: ['c'],
						attribute: [{ name: 'value', type: Kind.TENSOR, t: { dataType: 1, dims: [1n], floatData: [7] } }],
					},
					{ opType: 'Add', input: ['x', 'c'], output: ['y'] },
				],
				initializers: [int64s('s', [1], [4])],
			},
			list(values).map((v) => v + 7),
		],
		[
			'filled tensors of symbolic size',
			{
				nodes: [
					{ opType: 'Shape', input: ['x'], output: ['s'] },
					{ opType: 'ConstantOfShape', input: ['s'], output: ['c'] },
					{ opType: 'Add', input: ['x', 'c'], output: ['y'] },
				],
			},
			list(values),
		],
		[
			'the domain by name',
			{ domain: 'ai.onnx', nodes: [{ opType: 'Neg', domain: 'ai.onnx', input: ['x'], output: ['y'] }] },
			list(values).map((v) => -v),
		],
		[
			'booleans among int32',
			{
				nodes: [{ opType: 'Where', input: ['c', 'x', 'z'], output: ['y'] }],
				initializers: [
					{ name: 'c', dataType: 9, dims: [4n], int32Data: [1, 0, 5, 0] },
					{ name: 'z', dataType: 1, dims: [], floatData: [9] },
				],
			},
			[1, 9, 3, 9, -1, 9, 0.25, 9],
		],
		[
			'float64 lists',
			{
				nodes: [
					{ opType: 'Cast', input: ['d'], output: ['c'], attribute: [int('to', 1), int('saturate', 1)] },
					{ opType: 'Mul', input: ['x', 'c'], output: ['y'] },
				],
				initializers: [{ name: 'd', dataType: 11, dims: [1n], doubleData: [2] }],
			},
			list(values).map((v) => v * 2),
		],
		[
			'initializers listed as inputs',
			{
				inputs: { ...x, w: { elemType: 1, shape: [1] } },
				nodes: [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }],
				initializers: [
					{ name: 'w', dataType: 1, dims: [1n], rawData: Uint8Array.from(new Uint8Array(Float32Array.of(1).buffer)) },
				],
			},
			list(values).map((v) => v + 1),
		],
	]
	it.each(cases)('%s', async (_, init, expected) => {
		const result = list(await run(init))
		expect(result).toHaveLength(expected.length)
		result.forEach((value, at) => {
			expect(value).toBeCloseTo(expected[at]!, 5)
		})
	})

	it('both kinds of GELU', async () => {
		const gelu = (approximate: string): ModelInit => ({
			nodes: [
				{
					opType: 'Gelu',
					input: ['x'],
					output: ['y'],
					attribute: [{ name: 'approximate', type: Kind.STRING, s: Buffer.from(approximate) }],
				},
			],
		})
		// Values of PyTorch's torch.nn.functional.gelu at 1, -2 and 3.
		const exact = list(await run(gelu('none')))
		expect(exact[0]).toBeCloseTo(0.8413447, 6)
		expect(exact[1]).toBeCloseTo(-0.0455003, 6)
		const tanh = list(await run(gelu('tanh')))
		expect(tanh[0]).toBeCloseTo(0.841192, 6)
		expect(tanh[1]).toBeCloseTo(-0.045402, 6)
		expect(tanh[2]).toBeCloseTo(2.9963627, 6)
	})

	it('symbols with signs that the language has not, and inputs of unknown size', () => {
		const { inputs } = readModel(
			model({
				inputs: {
					a: { elemType: 1, shape: ['batch size', 3, 'batch_size', 'floor(h/2)', '7x', '50*B'] },
					b: { elemType: 7, shape: ['batch size', ''] },
				},
				nodes: [{ opType: 'Identity', input: ['a'], output: ['y'] }],
			}),
		)
		expect(inputs[0]!.shape).toEqual(['batch_size', 3, 'batch_size_', 'floor_h_2_', 'size_7x', '50*B'])
		expect(inputs[1]!.shape).toEqual(['batch_size', 'b_axis_1'])
	})
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import {
	AttributeProto_AttributeType as Kind,
	ModelProtoSchema,
	type NodeProtoSchema,
	TensorProto_DataLocation,
	type TensorProtoSchema,
} from 'onnx-buf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../errors.js'
import { readSafetensorsTensors } from '../files/safetensors.js'
import { createEngine, type Engine } from '../runtime/index.js'
import {
	float32,
	grad,
	int64,
	nodesInOrder,
	ops,
	readModel,
	readModelFile,
	serializeModel,
	type Tensor,
} from './index.js'

let engine: Engine
let folder: string
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	folder = await mkdtemp(join(tmpdir(), 'naptune-read-'))
})
afterAll(async () => {
	await engine.close()
	await rm(folder, { recursive: true })
})

type NodeInit = MessageInitShape<typeof NodeProtoSchema>
type TensorInit = MessageInitShape<typeof TensorProtoSchema>

interface ModelInit {
	readonly nodes?: readonly NodeInit[]
	readonly initializers?: readonly TensorInit[]
	readonly inputs?: Readonly<Record<string, { elemType: number; shape: readonly (number | string)[] | null }>>
	readonly outputs?: readonly string[]
	readonly opset?: number
	readonly domain?: string
}

/** A model as other tools write it. */
function model({
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
					...(shape && {
						shape: {
							dim: shape.map((size) => ({
								value:
									typeof size === 'number'
										? { case: 'dimValue' as const, value: BigInt(size) }
										: { case: 'dimParam' as const, value: size },
							})),
						},
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

const x = { x: { elemType: 1, shape: ['batch', 4] } }
const values = float32([2, 4], [1, -2, 3, 0.5, -1, 4, 0.25, 2])
const int = (name: string, i: number) => ({ name, type: Kind.INT, i: BigInt(i) })
const ints = (name: string, list: readonly number[]) => ({ name, type: Kind.INTS, ints: list.map(BigInt) })
const int64s = (name: string, dims: readonly number[], list: readonly number[]): TensorInit => ({
	name,
	dataType: 7,
	dims: dims.map(BigInt),
	int64Data: list.map(BigInt),
})

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

describe('models that PyTorch exported', () => {
	const exported = [
		['gelu-torchscript-opset14', 'tiny-clip-gelu'],
		['quickgelu-dynamo-opset20', 'tiny-clip-legacy-eos'],
	] as const
	it.each(exported)('%s gives the logits and the pixel gradient of the checkpoint', async (name, checkpoint) => {
		const fixture = (path: string) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url))
		const { inputs, outputs } = await readModelFile(fixture(`onnx-models/${name}.onnx`))
		const golden = await readSafetensorsTensors(fixture(`${checkpoint}/golden.safetensors`))
		const stored = (key: string) => golden.get(key)!
		const labels = ops.input('labels', 'int64', [outputs.logits!.shape[0]!])
		const loss = ops.crossEntropy(outputs.logits!, labels)
		const [gradient] = grad(loss, [inputs[0]!])
		const program = await engine.compile({
			logits: outputs.logits!,
			image_features: outputs.features!,
			loss,
			pixel_gradient: gradient!,
		})
		const results = await program.run({
			pixels: float32(stored('pixels').shape, new Float32Array(stored('pixels').data.buffer)),
			labels: int64([3], Array.from(new Int32Array(stored('labels').data.buffer))),
		})
		for (const [key, result] of Object.entries(results)) {
			const reference = new Float64Array(stored(key).data.buffer)
			const error = Math.hypot(...reference.map((value, at) => value - (result.data as Float32Array)[at]!))
			expect(result.shape, key).toEqual(stored(key).shape)
			expect(error / Math.hypot(...reference), key).toBeLessThan(key === 'pixel_gradient' ? 1e-4 : 1e-5)
		}
	})
})

describe('refusals', () => {
	const neg: NodeInit = { opType: 'Neg', input: ['x'], output: ['y'], name: 'visual/neg' }
	const one: TensorInit = { name: 'w', dataType: 1, dims: [1n] }
	const add: NodeInit = { opType: 'Add', input: ['x', 'w'], output: ['y'] }
	const external = (location: string, more: Record<string, string> = {}): ModelInit => ({
		nodes: [add],
		initializers: [
			{
				...one,
				dataLocation: TensorProto_DataLocation.EXTERNAL,
				externalData: Object.entries({ location, ...more }).map(([key, value]) => ({ key, value })),
			},
		],
	})
	const cases: readonly [string, ModelInit, string][] = [
		[
			'everything unsupported at once, with counts',
			{
				nodes: [
					{ ...neg, opType: 'LSTM' },
					{ ...neg, opType: 'LSTM' },
					{ ...neg, opType: 'If' },
					{ ...neg, domain: 'com.microsoft', opType: 'FusedMatMul' },
					neg,
				],
				initializers: [{ ...one, dataType: 10, rawData: new Uint8Array(2) }],
			},
			'not supported: LSTM (2), If (1), com.microsoft.FusedMatMul (1), float16 initializer (1)',
		],
		['old operator sets', { opset: 12, nodes: [neg] }, 'operator set 12; 13 to 21 are supported'],
		['new operator sets', { opset: 22, nodes: [neg] }, 'operator set 22; 13 to 21'],
		['no operator set', { domain: 'com.example', nodes: [neg] }, 'operator set of no version'],
		['no outputs', { nodes: [neg], outputs: [] }, 'no graph with outputs'],
		['outputs of no node', { nodes: [neg], outputs: ['z'] }, 'output z is produced by no node'],
		[
			'operands of no node',
			{ nodes: [{ ...neg, input: ['z'] }] },
			'Node visual/neg (Neg) of the model: it reads z, which nothing before it produces',
		],
		['names twice', { nodes: [neg, neg] }, 'defines y twice'],
		[
			'shape errors, with the node',
			{
				nodes: [{ opType: 'Concat', input: ['x', 'w'], output: ['y'], name: 'joint' }],
				initializers: [{ ...one, floatData: [1] }],
			},
			'Node joint (Concat) of the model: ',
		],
		['unknown attributes', { nodes: [{ ...neg, attribute: [int('alpha', 1)] }] }, 'attribute alpha'],
		[
			'tensor attributes of plain operators',
			{ nodes: [{ ...neg, attribute: [{ name: 'beta', type: Kind.FLOATS, floats: [1] }] }] },
			'tensor attribute beta',
		],
		[
			'graphs as attributes',
			{ nodes: [{ ...neg, attribute: [{ name: 'body', type: Kind.GRAPH }] }] },
			'attribute body is of a kind that is not supported (GRAPH)',
		],
		['more outputs than an operator has', { nodes: [{ ...neg, output: ['y', 'z'] }] }, 'has no output 1'],
		[
			'dropout in training',
			{
				nodes: [{ opType: 'Dropout', input: ['x', '', 't'], output: ['y'] }],
				initializers: [{ name: 't', dataType: 9, dims: [], int32Data: [1] }],
			},
			'inference only',
		],
		['inputs without a shape', { inputs: { x: { elemType: 1, shape: null } }, nodes: [neg] }, 'has no shape'],
		['inputs of other types', { inputs: { x: { elemType: 10, shape: [1] } }, nodes: [neg] }, 'element type float16'],
		[
			'too few numbers',
			{ nodes: [add], initializers: [{ ...one, dims: [2n], floatData: [1] }] },
			'shape [2] needs 2 numbers, the model has 1',
		],
		[
			'too few bytes',
			{ nodes: [add], initializers: [{ ...one, rawData: new Uint8Array(3) }] },
			'needs 4 bytes, the model has 3',
		],
		['negative sizes', { nodes: [add], initializers: [{ ...one, dims: [-1n] }] }, 'claims the shape [-1]'],
		[
			'enormous sizes',
			{ nodes: [add], initializers: [{ ...one, dims: [2n ** 40n, 2n ** 40n] }] },
			'which is not possible',
		],
		[
			'enormous fills',
			{
				nodes: [{ opType: 'ConstantOfShape', input: ['s'], output: ['y'] }],
				initializers: [int64s('s', [2], [2 ** 30, 2 ** 30])],
			},
			'not possible or too large',
		],
		[
			'enormous ranges',
			{
				nodes: [{ opType: 'Range', input: ['a', 'b', 'c'], output: ['y'] }],
				initializers: [int64s('a', [], [0]), int64s('b', [], [2 ** 50]), int64s('c', [], [1])],
			},
			'not possible',
		],
		[
			'ranges without end',
			{
				nodes: [{ opType: 'Range', input: ['a', 'b', 'a'], output: ['y'] }],
				initializers: [int64s('a', [], [0]), int64s('b', [], [5])],
			},
			'not possible',
		],
		['absolute files', external('/etc/passwd'), "only files below the model's own directory"],
		['files of other folders', external('parts/../../secret'), "only files below the model's own directory"],
		['files of other folders on Windows', external('..\\secret'), "only files below the model's own directory"],
		['drives', external('C:\\secret'), "only files below the model's own directory"],
		['no file name', external(''), "only files below the model's own directory"],
		['missing files', external('missing.bin'), 'put it beside the model'],
		['short files', external('short.bin'), 'takes the bytes 0 to 4'],
		['offsets past the end', external('short.bin', { offset: '9007199254740000', length: '4' }), 'has only 3'],
		['offsets that are no numbers', external('short.bin', { offset: '-4' }), 'not a number of bytes'],
		['lengths that do not fit the shape', external('short.bin', { length: '3' }), 'needs 4 bytes'],
	]
	it.each(cases)('%s', async (_, init, message) => {
		await writeFile(join(folder, 'short.bin'), 'abc')
		const read = () => readModel(model({ inputs: x, ...init }), { directory: folder })
		expect(read).toThrow(NaptuneError)
		expect(read).toThrow(message)
	})

	it('weights elsewhere without a directory, and files that cannot be read', async () => {
		expect(() => readModel(model({ inputs: x, ...external('short.bin') }))).toThrow('say in which directory')
		await expect(readModelFile(join(folder, 'no.onnx'))).rejects.toThrow('cannot be read; check the path')
		await writeFile(join(folder, 'text.onnx'), 'this is a text file')
		await expect(readModelFile(join(folder, 'text.onnx'))).rejects.toThrow(/text\.onnx: This is not/)
	})

	it('damaged files, whatever the damage: an error of ours, or a model', () => {
		const y = ops.softmax(ops.reshape(ops.add(ops.input('x', 'float32', ['B', 6]), 1), [-1, 3]))
		const { bytes } = serializeModel({ y })
		const damage = fc.record({
			length: fc.oneof(fc.constant(bytes.length), fc.nat(bytes.length)),
			flips: fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 4 }),
		})
		let models = 0
		fc.assert(
			fc.property(damage, ({ length, flips }) => {
				const damaged = bytes.slice(0, length)
				for (const [at, bits] of flips) if (at < length) damaged[at]! ^= bits
				try {
					nodesInOrder(Object.values(readModel(damaged).outputs))
					models++
				} catch (error) {
					expect(error).toBeInstanceOf(NaptuneError)
				}
			}),
			{ seed: 3, numRuns: 1500 },
		)
		expect(models).toBeGreaterThan(0)
	})
})

it('reads long chains of shape computations without overflowing the stack', () => {
	const nodes: NodeInit[] = [{ opType: 'Shape', input: ['x'], output: ['s0'] }]
	for (let at = 0; at < 5000; at++) nodes.push({ opType: 'Mul', input: [`s${at}`, 'one'], output: [`s${at + 1}`] })
	nodes.push({ opType: 'Reshape', input: ['x', 's5000'], output: ['y'] })
	const read = () => readModel(model({ inputs: x, nodes, initializers: [int64s('one', [1], [1])] }))
	// Symbolic sizes stay computations, which are followed to a limit; fixed ones fold as they are read.
	expect(read).toThrow(NaptuneError)
	const fixed = readModel(
		model({ inputs: { x: { elemType: 1, shape: [2, 4] } }, nodes, initializers: [int64s('one', [1], [1])] }),
	)
	expect(fixed.outputs.y!.shape).toEqual([2, 4])
})

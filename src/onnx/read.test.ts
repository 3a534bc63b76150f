import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { AttributeProto_AttributeType as Kind, TensorProto_DataLocation } from 'onnx-buf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { readModelFile, weightsBelow } from './files/index.js'
import { nodesInOrder, ops, readModel, serializeModel } from './index.js'
import { int, int64s, type ModelInit, model, type NodeInit, type TensorInit, x } from './models.test.support.js'

let folder: string
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-read-'))
})
afterAll(() => rm(folder, { recursive: true }))

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
			'unsupported features: LSTM (2), If (1), com.microsoft.FusedMatMul (1), float16 initializer (1)',
		],
		['old operator sets', { opset: 6, nodes: [neg] }, 'operator set 6; 7 to 21 are supported'],
		['new operator sets', { opset: 22, nodes: [neg] }, 'operator set 22; 7 to 21'],
		['no operator set', { domain: 'com.example', nodes: [neg] }, 'operator set of no version'],
		['no outputs', { nodes: [neg], outputs: [] }, 'no graph with outputs'],
		['outputs of no node', { nodes: [neg], outputs: ['z'] }, "No node produces the model's output z"],
		[
			'operands of no node',
			{ nodes: [{ ...neg, input: ['z'] }] },
			'Node visual/neg (Neg) of the model: it reads z, which no earlier node produces',
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
			'attribute body has an unsupported kind (GRAPH)',
		],
		['more outputs than an operator has', { nodes: [{ ...neg, output: ['y', 'z'] }] }, 'has no output 1'],
		[
			'dropout in training',
			{
				nodes: [{ opType: 'Dropout', input: ['x', '', 't'], output: ['y'] }],
				initializers: [{ name: 't', dataType: 9, dims: [], int32Data: [1] }],
			},
			'only supported for inference',
		],
		['inputs without a shape', { inputs: { x: { elemType: 1, shape: null } }, nodes: [neg] }, 'has no shape'],
		['inputs of other types', { inputs: { x: { elemType: 10, shape: [1] } }, nodes: [neg] }, 'element type float16'],
		[
			'too few numbers',
			{ nodes: [add], initializers: [{ ...one, dims: [2n], floatData: [1] }] },
			'shape [2] needs 2 numbers, but the model has 1',
		],
		[
			'too few bytes',
			{ nodes: [add], initializers: [{ ...one, rawData: new Uint8Array(3) }] },
			'needs 4 bytes, but the model has 3',
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
		['absolute files', external('/etc/passwd'), "only files inside the model's own directory"],
		['files of other folders', external('parts/../../secret'), "only files inside the model's own directory"],
		['files of other folders on Windows', external('..\\secret'), "only files inside the model's own directory"],
		['drives', external('C:\\secret'), "only files inside the model's own directory"],
		['no file name', external(''), "only files inside the model's own directory"],
		['missing files', external('missing.bin'), 'put it beside the model'],
		['short files', external('short.bin'), 'needs the bytes 0 to 4'],
		['offsets past the end', external('short.bin', { offset: '9007199254740000', length: '4' }), 'has only 3'],
		['offsets that are no numbers', external('short.bin', { offset: '-4' }), 'not a number of bytes'],
		['lengths that do not fit the shape', external('short.bin', { length: '3' }), 'needs 4 bytes'],
	]
	it.each(cases)('%s', async (_, init, message) => {
		await writeFile(join(folder, 'short.bin'), 'abc')
		const read = () => readModel(model({ inputs: x, ...init }), { weights: weightsBelow(folder) })
		expect(read).toThrow(NaptuneError)
		expect(read).toThrow(message)
	})

	it('files that were not handed in, or are too short', () => {
		const read = (weights: Record<string, Uint8Array>) =>
			readModel(model({ inputs: x, ...external('./parts/w.bin') }), { weights })
		expect(() => read({ 'w.bin': new Uint8Array(4) })).toThrow('not given; given files: w.bin')
		expect(() => read({ 'parts/w.bin': new Uint8Array(3) })).toThrow('has only 3')
		const { y } = read({ 'parts/w.bin': new Uint8Array(4) }).outputs
		expect(y?.shape).toEqual(['batch', 4])
	})

	it('weights elsewhere without a directory, and files that cannot be read', async () => {
		expect(() => readModel(model({ inputs: x, ...external('short.bin') }))).toThrow('give the directory')
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

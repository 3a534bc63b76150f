import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { emitter, integers } from './emit.js'
import { ops, tensor, type Value } from './index.js'
import { float, int, ints, text } from './operator.js'

const emit = emitter('')
const x = ops.input('x', 'float32', ['B', 4, 6])
const wide = ops.input('wide', 'float64', [6])
const labels = ops.input('labels', 'int64', ['B'])

/** Message of the NaptuneError that an action throws. */
function refusal(action: () => unknown): string {
	try {
		action()
	} catch (error) {
		expect(error).toBeInstanceOf(NaptuneError)
		return (error as NaptuneError).message
	}
	throw new Error('nothing was refused')
}

describe('shape rules', () => {
	const cases: readonly [string, () => Value, readonly (number | string)[]][] = [
		['Add', () => ops.add(x, ops.input('a', 'float32', [4, 1])), ['B', 4, 6]],
		['a number', () => ops.mul(2, x), ['B', 4, 6]],
		['MatMul', () => ops.matmul(x, ops.input('a', 'float32', [6, 9])), ['B', 4, 9]],
		['Reshape to rows', () => ops.reshape(x, [-1, 6]), ['4*B', 6]],
		['Reshape back', () => ops.reshape(ops.reshape(x, [-1, 6]), [-1, 4, 2, 3]), ['B', 4, 2, 3]],
		['Reshape keeping', () => ops.reshape(x, [0, 24]), ['B', 24]],
		['Transpose', () => ops.transpose(x, [2, 0, 1]), [6, 'B', 4]],
		['ReduceMean', () => ops.reduceMean(x, [1]), ['B', 6]],
		['ReduceMean over all, for an empty list as for none', () => ops.reduceMean(x, []), []],
		['ReduceMax keeping', () => ops.reduceMax(x, [-1], true), ['B', 4, 1]],
		['Concat', () => ops.concat([x, x, x], 1), ['B', 12, 6]],
		['Slice', () => ops.slice(x, 1, -2, Number.POSITIVE_INFINITY), ['B', 2, 6]],
		['Slice of nothing', () => ops.slice(x, 1, 3, 1), ['B', 0, 6]],
		['Pad', () => ops.pad(x, [0, 1, 0], [0, 0, 2]), ['B', 5, 8]],
		['Gather', () => ops.gather(x, labels, 1), ['B', 'B', 6]],
		['Unsqueeze', () => ops.unsqueeze(x, [1, -1]), ['B', 1, 4, 6, 1]],
		['Expand', () => ops.expand(ops.slice(x, 1, 0, 1), [1, 5, 1]), ['B', 5, 6]],
		['Flatten', () => ops.flatten(x, 2), ['4*B', 6]],
		[
			'Conv',
			() =>
				ops.conv(ops.input('i', 'float32', ['B', 3, 33, 32]), ops.input('k', 'float32', [8, 3, 8, 8]), null, [8, 8]),
			['B', 8, 4, 4],
		],
		['ArgMax', () => ops.argMax(x, 2), ['B', 4]],
		['TopK', () => ops.topK(x, 3).indices, ['B', 4, 3]],
		['crossEntropy', () => ops.crossEntropy(ops.input('l', 'float32', ['B', 10]), labels), ['B']],
		['repeatForBatch', () => ops.repeatForBatch(wide, x), ['B', 6]],
		['normalizeL2', () => ops.normalizeL2(x), ['B', 4, 6]],
	]
	it.each(cases)('%s', (_, build, shape) => {
		expect(build().shape).toEqual(shape)
	})
})

describe('refusals say what was given and what was expected', () => {
	const cases: readonly [string, () => unknown, string][] = [
		['types', () => ops.add(x, wide), 'Add needs inputs of one element type, got float32 [B, 4, 6] and float64 [6]'],
		['sizes', () => ops.add(x, ops.input('a', 'float32', [5])), 'Add cannot broadcast [B, 4, 6] with [5]'],
		['two numbers', () => ops.add(1, 2), 'Add needs at least one graph value'],
		['MatMul', () => ops.matmul(x, x), 'MatMul cannot multiply [B, 4, 6] by [B, 4, 6]'],
		['vectors', () => ops.matmul(x, ops.input('v', 'float32', [6])), 'rank 2 or more'],
		['integers', () => ops.exp(labels), 'Exp works on float32 or float64, not on int64 [B]'],
		['bool arithmetic', () => ops.add(ops.greater(x, 0), ops.greater(x, 0)), 'Add works on'],
		['logic on numbers', () => ops.and(x, x), 'And works on bool, not on float32'],
		['condition', () => ops.where(x, x, x), 'Where works on bool'],
		['axis', () => ops.softmax(x, 3), 'Softmax was given axis 3 for a tensor of rank 3'],
		['axis twice', () => ops.reduceSum(x, [0, -3]), 'one axis twice: [0, -3]'],
		['fraction', () => ops.reduceSum(x, [0.5]), 'whole numbers'],
		['elements', () => ops.reshape(x, [5, -1]), 'Reshape cannot turn [B, 4, 6] into [5, -1]'],
		['open sizes', () => ops.reshape(x, [-1, -1]), 'at most one -1'],
		['negative sizes', () => ops.reshape(x, [-2, 3]), 'Reshape needs sizes of at least 0'],
		['kept size that is not there', () => ops.reshape(ops.reshape(x, [-1]), [0, 0]), 'copies axis 1'],
		['permutation', () => ops.transpose(x, [0, 1, 1]), 'needs a permutation of its 3 axes, got [0, 1, 1]'],
		['symbolic join', () => ops.concat([x, x], 0), 'Concat needs a fixed size on axis 0'],
		['join', () => ops.concat([x, ops.input('a', 'float32', ['B', 4, 5])], 1), 'the other axes must agree'],
		['symbolic slice', () => ops.slice(x, 0, 0, 1), 'Slice needs a fixed size on axis 0'],
		[
			'steps',
			() => emit('Slice', [x, integers([0]), integers([4]), integers([1]), integers([2])]),
			'only supports steps of 1, got 2',
		],
		['slice lists', () => emit('Slice', [x, integers([0, 0]), integers([4]), integers([1])]), 'as many ends'],
		['squeeze', () => ops.squeeze(x, [1]), 'axis 1 of [B, 4, 6] is not'],
		['pad', () => ops.pad(x, [0, -1, 0], [0, 0, 0]), 'needs 6 non-negative amounts'],
		['pad axes', () => emit('Pad', [x, integers([0, 0]), null, integers([1])]), 'omit the axes input'],
		[
			'pad mode',
			() => emit('Pad', [x, integers([0, 0, 0, 0, 0, 0])], { mode: text('reflect') }),
			'only supports mode constant, got reflect',
		],
		['indices', () => ops.gather(x, wide, 0), 'Gather works on int64 or int32, not on float64'],
		['scatter', () => emit('ScatterElements', [x, labels, x]), "only supported with reduction 'add'"],
		['gemm', () => emit('Gemm', [wide, wide]), 'Gemm cannot multiply [6] by [6]'],
		[
			'gemm sum',
			() =>
				ops.linear(
					ops.input('r', 'float32', [1, 6]),
					ops.input('a', 'float32', [5, 6]),
					ops.input('c', 'float32', [3, 5]),
				),
			'Gemm can only add a tensor that broadcasts to its result [1, 5], got [3, 5]',
		],
		['top', () => ops.topK(x, 7), 'one count from 1 to 6'],
		['limits', () => emit('Clip', [x, ops.input('least', 'float32', [6])]), 'Clip needs scalar limits'],
		['cast', () => emit('Cast', [x], { to: int(10) }), 'ONNX element type 10 is not supported'],
		[
			'attribute',
			() => emit('Softmax', [x], { axes: ints([1]) }),
			'Operator Softmax was given attribute axes (ints); it takes axis (int)',
		],
		['attribute kind', () => emit('Softmax', [x], { axis: float(1) }), 'attribute axis (float)'],
		['no attributes', () => emit('Add', [x, x], { constructor: int(1) }), 'it takes no attributes'],
		['operator', () => emit('Celu', [x]), 'Operator Celu is not registered'],
		['missing input', () => emit('Add', [x]), 'Add needs input 1, which is missing'],
		['input name', () => ops.input('', 'float32', [1]), 'An input needs a name'],
		['input size', () => ops.input('a', 'float32', [-1]), 'sizes are whole numbers of at least 0'],
		['input symbol', () => ops.input('a', 'float32', ['B+1']), 'products of names'],
		[
			'weight',
			() => ops.external('w', 'float32', [2, 3], { file: 'f', offset: 0, length: 23 }),
			'needs 24 bytes at an offset of at least 0; its slice of f has 23 bytes at 0',
		],
		['tensor', () => tensor('float32', [2, -1], new Float32Array(0)), 'whole numbers of at least 0; got [2, -1]'],
		['elements', () => tensor('float32', [2, 2], new Float32Array(3)), 'needs 4 elements; got 3'],
	]
	it.each(cases)('%s', (_, action, message) => {
		expect(refusal(action)).toContain(message)
	})

	const image = ops.input('image', 'float32', ['B', 4, 8, 8])
	const kernel = ops.input('kernel', 'float32', [6, 4, 3, 3])
	const convolutions: readonly [string, () => unknown, string][] = [
		['channels', () => emit('Conv', [image, ops.input('k', 'float32', [6, 3, 3, 3])]), 'numbers of channels disagree'],
		['groups', () => emit('Conv', [image, kernel], { group: int(2) }), 'in 2 group(s)'],
		['rank', () => emit('Conv', [x, kernel]), 'rank 4'],
		['strides', () => emit('Conv', [image, kernel], { strides: ints([0, 1]) }), 'strides [0,1]'],
		[
			'automatic padding',
			() => emit('Conv', [image, kernel], { auto_pad: text('SAME_UPPER') }),
			'got auto_pad SAME_UPPER',
		],
		[
			'kernel shape',
			() => emit('Conv', [image, kernel], { kernel_shape: ints([5, 5]) }),
			'its kernel_shape says [5, 5]',
		],
		['bias', () => emit('Conv', [image, kernel, ops.input('b', 'float32', [4])]), 'one bias per output channel, 6'],
		['small images', () => emit('Conv', [image, ops.input('k', 'float32', [6, 4, 9, 9])]), 'the image is too small'],
		['transposed channels', () => emit('ConvTranspose', [image, kernel]), 'numbers of channels disagree'],
	]
	it.each(convolutions)('convolution: %s', (_, action, message) => {
		expect(refusal(action)).toContain(message)
	})
})

it('writes equal sizes in one way, however an input declares them', () => {
	expect(ops.input('a', 'float32', ['B*50', '2*3']).shape).toEqual(['50*B', 6])
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { createEngine, type Engine } from '../runtime/index.js'
import { float32, grad, int64, nodesInOrder, ops, originate, type Value } from './index.js'

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

const x = ops.input('x', 'float32', ['B', 3])
const w = ops.input('w', 'float32', [2, 3])

async function run(value: Value, feeds: Record<string, ReturnType<typeof float32>>): Promise<number[]> {
	const program = await engine.compile({ value })
	const { value: result } = await program.run(feeds)
	await program.release()
	return Array.from(result!.data as Float32Array)
}

describe('grad', () => {
	it('adds up over all uses of a value, within one node, too', async () => {
		const [dx] = grad(ops.add(ops.mul(x, x), ops.mul(x, 3)), [x])
		expect(await run(dx!, { x: float32([1, 3], [1, 2, -4]) })).toEqual([5, 7, -5])
	})

	it('differentiates the sum of losses per sample, so that rows stay independent', async () => {
		const loss = ops.reduceSum(ops.mul(x, x), [1])
		const [dx] = grad(loss, [x])
		expect(dx!.shape).toEqual(['B', 3])
		expect(await run(dx!, { x: float32([2, 3], [1, 2, 3, 4, 5, 6]) })).toEqual([2, 4, 6, 8, 10, 12])
	})

	it('weighs the losses with a seed', async () => {
		const seed = ops.input('seed', 'float32', ['B'])
		const [dx] = grad(ops.reduceSum(x, [1]), [x], { seed })
		const feeds = { x: float32([2, 3], [1, 2, 3, 4, 5, 6]), seed: float32([2], [10, -1]) }
		const program = await engine.compile({ dx: dx! })
		const { dx: result } = await program.run(
			Object.fromEntries(Object.entries(feeds).filter(([name]) => program.inputs.includes(name))),
		)
		expect(Array.from(result!.data as Float32Array)).toEqual([10, 10, 10, -1, -1, -1])
	})

	it('goes to inner values, to the loss itself, and is zero where nothing depends', async () => {
		const inner = ops.mul(x, 2)
		const loss = ops.reduceSum(ops.mul(inner, inner))
		const [dInner, dLoss, dOther] = grad(loss, [inner, loss, w])
		const feeds = { x: float32([1, 3], [1, 2, 3]) }
		expect(await run(dInner!, feeds)).toEqual([4, 8, 12])
		expect(await run(dLoss!, {})).toEqual([1])
		expect(await run(dOther!, {})).toEqual([0, 0, 0, 0, 0, 0])
	})

	it('treats integers, comparisons and rounding as constants', async () => {
		const chosen = ops.gather(w, ops.argMax(x, 1), 0)
		const gate = ops.cast(ops.greater(x, 0), 'float32')
		const loss = ops.add(ops.mul(ops.round(x), x), ops.mul(gate, chosen))
		const [dx] = grad(loss, [x])
		const program = await engine.compile({ dx: dx! })
		const all = { x: float32([1, 3], [0.4, 1.4, -2.4]), w: float32([2, 3], [1, 2, 3, 4, 5, 6]) }
		const feeds = Object.fromEntries(Object.entries(all).filter(([name]) => program.inputs.includes(name)))
		expect(Array.from((await program.run(feeds)).dx!.data as Float32Array)).toEqual([0, 1, -2])
	})

	it('appends nothing for weights that nobody asked about', () => {
		const bias = ops.input('bias', 'float32', [2])
		const scale = ops.input('scale', 'float32', [3])
		const shift = ops.input('shift', 'float32', [3])
		const y = ops.linear(ops.layerNorm(x, scale, shift), w, bias)
		const forward = new Set(nodesInOrder([y]))
		const appended = (values: readonly Value[]) =>
			nodesInOrder(grad(ops.reduceSum(y, [1]), values))
				.filter((node) => !forward.has(node))
				.map(({ operator }) => operator)
		// The backward pass of the linear layer to its input is one product with W as it is stored.
		const toInput = appended([x])
		expect(toInput.filter((name) => name === 'MatMul' || name === 'Gemm')).toEqual(['MatMul'])
		expect(toInput).not.toContain('Transpose')
		expect(appended([bias])).not.toContain('MatMul')
		expect(appended([w]).filter((name) => name === 'MatMul' || name === 'Gemm')).toEqual(['Gemm'])
		expect(appended([x, w, bias, scale, shift]).filter((name) => name === 'MatMul')).toHaveLength(1)
	})

	it('says which operator of which node lacks a rule', () => {
		const y: Value = { ...x, source: { kind: 'node', output: 0, node: {} as never } }
		const node = { operator: 'Bernoulli', inputs: [x], attributes: {}, outputs: [y], origin: 'vision.layers.3' }
		;(y.source as { node: unknown }).node = node
		expect(() => grad(ops.reduceSum(y), [x])).toThrow(
			/No gradient rule for operator Bernoulli \(node vision.layers.3\)/,
		)
		expect(() => grad(ops.reduceSum(y), [x])).toThrow(NaptuneError)
	})

	it('explains losses and seeds that do not fit', () => {
		const labels = ops.input('labels', 'int64', ['B'])
		expect(() => grad(labels, [x])).toThrow('Only float32 and float64 values have gradients; got int64 [B]')
		expect(() => grad(x, [labels])).toThrow('int64 [B]')
		expect(() => grad(x, [x], { seed: w })).toThrow('shape float32 [B, 3]; got float32 [2, 3]')
	})

	it('refuses an input that was made twice, because the gradient to one would miss the other', () => {
		const again = ops.input('x', 'float32', ['B', 3])
		const y = ops.mul(x, again)
		expect(() => grad(y, [x])).toThrow('two values for input x')
		expect(() => grad(ops.mul(y, w), [w])).toThrow(NaptuneError)
		const reference = { file: '/weights.safetensors', offset: 8, length: 24 }
		const weight = ops.external('weight', 'float32', [2, 3], reference)
		const reshaped = ops.external('weight', 'float32', [3, 2], reference)
		expect(() => grad(ops.matmul(weight, reshaped), [weight])).toThrow(
			'two values for weight at /weights.safetensors, 8',
		)
		expect(() => grad(ops.matmul(ops.mul(weight, reference.offset), reshaped), [x])).not.toThrow()
	})

	it('names gradient nodes after the nodes they belong to', () => {
		const y = originate('visual.projection', [ops.tanh(x)])
		const [dx] = grad(y, [x])
		const origins = nodesInOrder([dx!]).map(({ origin }) => origin)
		expect(origins).toContain('gradient of visual.projection')
	})

	it('differentiates chains far deeper than the call stack', () => {
		let y: Value = x
		for (let depth = 0; depth < 20_000; depth++) y = ops.tanh(ops.add(y, 0.5))
		const [dx] = grad(ops.reduceSum(y, [1]), [x])
		expect(nodesInOrder([dx!]).length).toBeGreaterThan(80_000)
	})
})

describe('conventions where a derivative does not exist', () => {
	const cases: readonly [string, (v: Value) => Value, readonly number[], readonly number[]][] = [
		['Abs at 0', ops.abs, [0, 1, -1], [0, 1, -1]],
		['Relu at 0', ops.relu, [0, 1, -1], [0, 1, 0]],
		['Max of equals', (v) => ops.maximum(v, 0), [0, 1, -1], [0.5, 1, 0]],
		['Min of equals', (v) => ops.minimum(v, 0), [0, 1, -1], [0.5, 0, 1]],
		['Clip at a limit', (v) => ops.clip(v, 0, 1), [0, 1, 2], [1, 1, 0]],
		['ReduceMax of equals', (v) => ops.reduceMax(v, [1]), [2, 2, 1], [0.5, 0.5, 0]],
		['ReduceMin of equals', (v) => ops.reduceMin(v, [1]), [2, 1, 1], [0, 0.5, 0.5]],
		['ReduceL2 of zeros', (v) => ops.reduceL2(v, [1]), [0, 0, 0], [0, 0, 0]],
	]
	it.each(cases)('%s', async (_, build, values, expected) => {
		const [dx] = grad(build(x), [x])
		expect(await run(dx!, { x: float32([1, 3], values) })).toEqual(expected)
	})
})

it('gathers and scatters with repeated indices', async () => {
	const indices = ops.literal(int64([2, 2], [1, 1, -1, 0]))
	const [dw] = grad(ops.mul(ops.gather(w, indices, 0), 2), [w])
	expect(await run(dw!, {})).toEqual([2, 2, 2, 6, 6, 6])
})

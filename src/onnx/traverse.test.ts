import { describe, expect, it } from 'vitest'
import { leavesOf, nodesInOrder, ops, originate, type Value } from './index.js'

const x = ops.input('x', 'float32', ['B', 2])

const operators = (...outputs: readonly Value[]) => nodesInOrder(outputs).map(({ operator }) => operator)

describe('nodesInOrder', () => {
	it('puts every node after its inputs, once, and leaves out what no output needs', () => {
		const shared = ops.tanh(x)
		ops.exp(shared)
		const y = ops.add(ops.sin(shared), ops.mul(shared, shared))
		expect(operators(y, shared)).toEqual(['Tanh', 'Sin', 'Mul', 'Add'])
	})

	it('orders every graph so, however its parts are shared', () => {
		let values = [x]
		for (let at = 0; at < 200; at++) {
			const pick = (step: number) => values[(at * step) % values.length]!
			values = [...values, ops.add(pick(7), ops.mul(pick(13), pick(31)))]
		}
		const order = nodesInOrder(values.slice(-5))
		const place = new Map(order.map((node, at) => [node, at]))
		expect(place.size).toBe(order.length)
		for (const node of order) {
			for (const input of node.inputs) {
				if (input?.source.kind === 'node') expect(place.get(input.source.node)).toBeLessThan(place.get(node)!)
			}
		}
	})
})

it('finds leaves in order of first use', () => {
	const w = ops.input('w', 'float32', [2])
	const leaves = leavesOf([ops.add(ops.mul(x, w), x), w])
	expect(leaves).toEqual([x, w])
})

describe('originate', () => {
	it('names what has no name yet, up to parts that do', () => {
		const inner = originate('inner', [ops.tanh(ops.neg(x))])
		const outer = originate('outer', [ops.exp(ops.sin(inner))])
		expect(nodesInOrder([outer]).map(({ operator, origin }) => `${operator} ${origin}`)).toEqual([
			'Neg inner',
			'Tanh inner',
			'Sin outer',
			'Exp outer',
		])
	})

	it('goes deeper than the call stack and returns its first output', () => {
		let y: Value = x
		for (let depth = 0; depth < 20_000; depth++) y = ops.neg(y)
		expect(originate('deep', [y, x])).toBe(y)
		expect(nodesInOrder([y]).every(({ origin }) => origin === 'deep')).toBe(true)
	})
})

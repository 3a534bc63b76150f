/** Walks a graph from its outputs. */

import { at } from '../core/at.js'
import type { Node, Value } from './value.js'

/**
 * All nodes that `outputs` depend on, every node after its inputs. Iterative, because graphs are deeper than the call stack.
 */
export function nodesInOrder(outputs: readonly Value[]): Node[] {
	const order: Node[] = []
	const state = new Map<Node, 'open' | 'done'>()
	const stack: Node[] = []
	const push = (value: Value | null) => {
		if (value?.source.kind === 'node' && !state.has(value.source.node)) stack.push(value.source.node)
	}
	for (const output of outputs) {
		push(output)
		while (stack.length > 0) {
			const node = at(stack, stack.length - 1)
			if (state.get(node) === undefined) {
				state.set(node, 'open')
				for (let index = node.inputs.length - 1; index >= 0; index--) push(node.inputs[index] ?? null)
			} else {
				stack.pop()
				if (state.get(node) === 'open') {
					state.set(node, 'done')
					order.push(node)
				}
			}
		}
	}
	return order
}

/** All leaves (inputs, constants, external weights) that `outputs` depend on, in order of first use. */
export function leavesOf(outputs: readonly Value[]): Value[] {
	const leaves = new Set<Value>()
	const visit = (value: Value | null) => {
		if (value && value.source.kind !== 'node') leaves.add(value)
	}
	for (const node of nodesInOrder(outputs)) node.inputs.forEach(visit)
	outputs.forEach(visit)
	return [...leaves]
}

/**
 * Names the nodes between `inputs` and `outputs` that have no origin yet, for errors of the engine.
 * @returns `outputs[0]`, so that a builder can end with it.
 */
export function originate(origin: string, outputs: readonly Value[]): Value {
	const stack = outputs.flatMap((value) => (value.source.kind === 'node' ? [value.source.node] : []))
	while (stack.length > 0) {
		const node = stack.pop()!
		if (node.origin !== '') continue
		node.origin = origin
		for (const input of node.inputs) if (input?.source.kind === 'node') stack.push(input.source.node)
	}
	return at(outputs, 0)
}

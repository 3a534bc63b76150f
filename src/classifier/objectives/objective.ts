/** What an attack maximises: a graph from a classifier's taps and per-sample side inputs to per-sample losses. */

import { entry } from '../../core/at.js'
import { isRecord } from '../../core/guards.js'
import type { ElementType } from '../../core/tensor.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'

/** A per-sample loss over named taps. Compiled once per classifier and cached by `name`. */
export interface Objective {
	/** Unique name; two objectives with the same name must build the same graph. */
	readonly name: string
	/** Taps that the loss reads. */
	readonly taps: readonly string[]
	/** Side inputs: type, and the shape after the batch axis. */
	readonly side: Readonly<Record<string, { readonly type: ElementType; readonly shape: readonly number[] }>>
	/**
	 * Builds the loss [B], float32, which attacks maximise.
	 * @param taps The taps that it reads, by name. @param side Its side inputs, by name.
	 */
	build(taps: ObjectiveInputs, side: ObjectiveInputs): Value
}

/** Values that an objective reads, by name; use `entry` of core/at.ts for those that must exist. */
export type ObjectiveInputs = Readonly<Record<string, Value>>

/** Whether a value is an {@link Objective}, for options that accept one. */
export function isObjective(value: unknown): value is Objective {
	return isRecord(value) && typeof value.name === 'string' && typeof value.build === 'function'
}

/** Cross entropy of the logits with the true labels; maximising it makes the classifier wrong. Side input `labels`. */
export const crossEntropyObjective: Objective = {
	name: 'cross-entropy',
	taps: ['logits'],
	side: { labels: { type: 'int64', shape: [] } },
	build: (taps, side) => ops.crossEntropy(entry(taps, 'logits'), entry(side, 'labels')),
}

/**
 * Minus the cross entropy with the target labels; maximising it pulls towards the target. Side input `labels` holds the
 * targets.
 */
export const targetedCrossEntropyObjective: Objective = {
	name: 'targeted-cross-entropy',
	taps: ['logits'],
	side: { labels: { type: 'int64', shape: [] } },
	build: (taps, side) => ops.neg(ops.crossEntropy(entry(taps, 'logits'), entry(side, 'labels'))),
}

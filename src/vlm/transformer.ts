/** The pre-norm transformer that both towers share: x + attention(ln_1 x), x + mlp(ln_2 x) (method of CLIP's model). */

import { NaptuneError } from '../core/errors.js'
import { ops, originate } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import type { WeightLookup } from './weights.js'

/** Activation of the feed-forward part: `gelu` is the exact one with erf, `gelu_tanh` its usual approximation. */
export type Activation = 'quick_gelu' | 'gelu' | 'gelu_tanh'

/** Geometry of one tower's transformer. */
export interface TransformerGeometry {
	readonly width: number
	readonly layers: number
	readonly heads: number
	readonly activation: Activation
	readonly layerNormEpsilon: number
}

/** Called before each block with the tokens [B, N, width]; what it returns enters the block. May change N. */
export type BeforeLayer = (layer: number, tokens: Value) => Value

/** What {@link transformer} needs besides geometry and weights. */
export interface TransformerOptions {
	/** Prefix of weight names, such as `vision_model.encoder`. */
	readonly prefix: string
	/** Additive attention mask [N, N], 0 or a large negative number. */
	readonly mask?: Value
	readonly beforeLayer?: BeforeLayer
	/**
	 * Keeps only the rows that are read after the last block: [B, N, width] to [B, 1, width] (class or end token).
	 * The last block then computes queries and feed-forward for that row only, which is exact.
	 */
	readonly selectRow?: (tokens: Value) => Value
	/** The mask rows of the selected tokens, [B, 1, 1, N]; needed when both `mask` and `selectRow` are given. */
	readonly selectedMask?: Value
}

/** The transformer's result. */
export interface TransformerOutput {
	/** Tokens after the last block: [B, N, width], or [B, 1, width] with `selectRow`. */
	readonly tokens: Value
	/** Tokens that entered each block, after `beforeLayer`: one [B, N, width] per layer. */
	readonly layerInputs: readonly Value[]
}

/** Runs all blocks over tokens [B, N, width]. @throws NaptuneError when tokens and geometry disagree. */
export function transformer(
	tokens: Value,
	geometry: TransformerGeometry,
	weights: WeightLookup,
	options: TransformerOptions,
): TransformerOutput {
	const { beforeLayer, selectRow } = options
	const layerInputs: Value[] = []
	let current = tokens
	for (let layer = 0; layer < geometry.layers; layer++) {
		if (beforeLayer) current = beforeLayer(layer, current)
		layerInputs.push(current)
		const last = layer === geometry.layers - 1
		current = block(current, geometry, weights, `${options.prefix}.layers.${layer}`, {
			mask: options.mask,
			selectRow: last ? selectRow : undefined,
			selectedMask: options.selectedMask,
		})
	}
	return { tokens: current, layerInputs }
}

interface BlockOptions {
	readonly mask: Value | undefined
	readonly selectRow: ((tokens: Value) => Value) | undefined
	readonly selectedMask: Value | undefined
}

function block(
	tokens: Value,
	geometry: TransformerGeometry,
	weights: WeightLookup,
	name: string,
	{ mask, selectRow, selectedMask }: BlockOptions,
): Value {
	const { width, layerNormEpsilon } = geometry
	const norm = (x: Value, which: string) =>
		ops.layerNorm(x, weights(`${name}.${which}.weight`), weights(`${name}.${which}.bias`), layerNormEpsilon)
	const normed = norm(tokens, 'layer_norm1')
	const residual = selectRow ? selectRow(tokens) : tokens
	const queries = selectRow ? norm(residual, 'layer_norm1') : normed
	const attended = attention(queries, normed, geometry, weights, `${name}.self_attn`, selectRow ? selectedMask : mask)
	const middle = originate(`${name}.self_attn`, [ops.add(residual, attended)])
	const mlp = unfold(
		feedForward(norm(middle, 'layer_norm2'), geometry, weights, `${name}.mlp`),
		tokenCount(middle),
		width,
	)
	return originate(`${name}.mlp`, [ops.add(middle, mlp)])
}

const activations: Readonly<Record<Activation, (x: Value) => Value>> = {
	quick_gelu: ops.quickGelu,
	gelu: ops.gelu,
	gelu_tanh: ops.geluTanh,
}

/** The feed-forward part on all tokens as rows. @returns [B·N, width]. */
export function feedForward(
	x: Value,
	{ activation }: Pick<TransformerGeometry, 'activation'>,
	weights: WeightLookup,
	name: string,
): Value {
	return dense(activations[activation](dense(x, weights, `${name}.fc1`)), weights, `${name}.fc2`)
}

/** Multi-head attention of `queries` [B, M, width] over `tokens` [B, N, width]. */
export function attention(
	queries: Value,
	tokens: Value,
	{ width, heads }: Pick<TransformerGeometry, 'width' | 'heads'>,
	weights: WeightLookup,
	name: string,
	mask: Value | undefined,
): Value {
	const headWidth = width / heads
	const split = (x: Value, projection: string, order: readonly number[]) =>
		ops.transpose(ops.reshape(dense(x, weights, `${name}.${projection}`), [-1, tokenCount(x), heads, headWidth]), order)
	const query = ops.mul(split(queries, 'q_proj', [0, 2, 1, 3]), headWidth ** -0.5)
	const key = split(tokens, 'k_proj', [0, 2, 3, 1])
	const value = split(tokens, 'v_proj', [0, 2, 1, 3])
	const scores = ops.matmul(query, key)
	const probabilities = ops.softmax(mask ? ops.add(scores, mask) : scores)
	const joined = ops.reshape(ops.transpose(ops.matmul(probabilities, value), [0, 2, 1, 3]), [-1, width])
	return unfold(
		ops.linear(joined, weights(`${name}.out_proj.weight`), weights(`${name}.out_proj.bias`)),
		tokenCount(queries),
		width,
	)
}

/** A linear layer on all tokens as rows: [B, N, in] or [B·N, in] to [B·N, out]. */
function dense(x: Value, weights: WeightLookup, name: string): Value {
	const rows = x.shape.length === 2 ? x : ops.reshape(x, [-1, x.shape.at(-1) as number])
	return ops.linear(rows, weights(`${name}.weight`), weights(`${name}.bias`))
}

/** Rows [B·N, width] back to tokens [B, N, width]. */
export function unfold(rows: Value, count: number, width: number): Value {
	return ops.reshape(rows, [-1, count, width])
}

/** Number of tokens of [B, N, width]. @throws NaptuneError when it is not fixed. */
export function tokenCount(tokens: Value): number {
	const count = tokens.shape[1]
	if (typeof count !== 'number') {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`Towers need a fixed number of tokens; got shape [${tokens.shape.join(', ')}].`,
		)
	}
	return count
}

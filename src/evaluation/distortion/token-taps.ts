/** The tokens of a defense's image tower, block by block, as taps of a classifier. */

import { at } from '../../core/at.js'
import type { Defense, ParameterLookup } from '../../defenses/defense.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'

/** A place in the image tower where tokens can be read: class token first where there is one, then patches, without prompts. */
export interface TokenPlace {
	/** The block that receives the tokens, counted from 0; the number of blocks for the output of the last one. */
	readonly layer: number
	/** Whether the method changes (refines) tokens there. */
	readonly refined: boolean
	/** Tap [B, N, width] of the tokens from the block before. */
	readonly before: string
	/** Tap [B, N, width] of the tokens that enter the block; the same tap if nothing is refined. */
	readonly after: string
}

/** The places of a defense's image tower, in the order of its blocks, with the names of their taps. */
export function tokenPlaces({ layout }: Pick<Defense, 'layout'>): TokenPlace[] {
	const refined = [...layout.image.map(({ changed }) => changed), false]
	return refined.map((own, layer) => {
		const before = `tokens.${layer}`
		return { layer, refined: own, before, after: own ? `${before}.refined` : before }
	})
}

/** The taps that {@link tokenPlaces} names, for a tower that computes every token of its last block. */
export function tokenTaps(defense: Defense, pixels: Value, parameters: ParameterLookup): Record<string, Value> {
	const { tokenChanges, layerInputs, tokens } = defense.imageFeatures(pixels, parameters, { allTokens: true })
	const kept = at(defense.layout.image, 0).tokens
	const withoutPrompts = (all: Value) => (all.shape[1] === kept ? all : ops.slice(all, 1, 0, kept))
	const entering = [...layerInputs, tokens]
	return Object.fromEntries(
		tokenPlaces(defense).flatMap(({ layer, before, after }): [string, Value][] => {
			const change = tokenChanges.find((one) => one.layer === layer)
			if (!change) return [[before, withoutPrompts(at(entering, layer))]]
			return [
				[before, withoutPrompts(change.before)],
				[after, withoutPrompts(change.after)],
			]
		}),
	)
}

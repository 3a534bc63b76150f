/** Options of methods with prompts in both towers: `advpt-vli`, `advpt-vlj` and `fap`. */

import { z } from 'zod'
import type { ClipModel } from '../vlm/model.js'

/** Options of a method with prompts in both towers; defaults from its reference. */
export const bothTowersSchema = z.strictObject({
	/** Layers with their own prompts; capped at each tower's layers. */
	promptDepth: z.int().positive().default(9),
	/** Context vectors per layer of each tower. */
	prompts: z.int().positive().default(2),
	/** Initial values of the shallow text context: the embeddings of "a photo of a" (at most 4 vectors), or normal. */
	contextInit: z.enum(['normal', 'words']).default('words'),
	/** Standard deviation of normal initial values. */
	contextDeviation: z.number().nonnegative().default(0.02),
})

/** Options with defaults filled in. */
export type BothTowersConfig = z.output<typeof bothTowersSchema>

/** Depth of the prompts in each tower of a model. */
export function towerDepths({ config }: ClipModel, promptDepth: number): { text: number; visual: number } {
	return { text: Math.min(promptDepth, config.text.layers), visual: Math.min(promptDepth, config.vision.layers) }
}

/** What a defense is: graphs from pixels and prompts to features, with trainable parameters as inputs. */

import type { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { type ElementType, elementCount, float32, type Tensor } from '../core/tensor.js'
import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import { generator } from '../random/counter-based.js'
import type { Generator } from '../random/generator.js'
import type { ImageTowerOutput } from '../vlm/image-tower.js'
import type { ClipModel } from '../vlm/model.js'

/** One trainable tensor: its shape and how it starts. */
export interface Parameter {
	readonly shape: readonly number[]
	/** Name of the random stream of its initial values; the parameter's own name by default. Equal streams start equal. */
	readonly stream?: string
	/** Initial values, row-major. */
	initial(stream: Generator): Float32Array | Promise<Float32Array>
}

/** The graph value of a parameter by name. */
export type ParameterLookup = (name: string) => Value

/** Tokenised prompts of all classes: class by class, `promptsPerClass` rows each. */
export interface PromptRows {
	/** [rows, length]. */
	readonly ids: BigInt64Array
	/** Position of each row's end token. */
	readonly endPositions: Int32Array
	readonly rows: number
	/** Tokens per row: the longest prompt's. */
	readonly length: number
	readonly promptsPerClass: number
}

/** Tokens before and after a refiner. */
export interface Refinement {
	/** The block that the refined tokens enter, counted from 0. */
	readonly layer: number
	/** [B, N, width]: class and patch tokens, or start token and suffix of a text. */
	readonly before: Value
	readonly after: Value
	/** Disagreement of an ensemble of refiners by token, [B, N]: root mean square over members and width. */
	readonly spread?: Value
}

/** What the image tower of a defense yields. */
export interface ImageFeatures extends ImageTowerOutput {
	/** In the order of the blocks; empty for a method without refiners. */
	readonly refinements: readonly Refinement[]
}

/** The tokens that enter one block. */
export interface LayerLayout {
	/** Tokens that are no context vectors: class token and patches, or the text with its start and end. */
	readonly tokens: number
	/** Context vectors beside them. */
	readonly prompts: number
	/** Whether the layer brings context vectors of its own, rather than those that the block before gave. */
	readonly ownPrompts: boolean
	/** Whether tokens are refined before this block. */
	readonly refined: boolean
}

/** A method bound to a CLIP and a list of classes. It builds graphs and holds no values. */
export interface Defense {
	readonly name: string
	/** The whole configuration with defaults filled in, for records. */
	readonly config: Readonly<Record<string, unknown>>
	readonly classNames: readonly string[]
	/** Everything that is trained, by name; empty for a method that learns nothing. */
	readonly parameters: ReadonlyMap<string, Parameter>
	readonly prompts: PromptRows
	/** What enters each block of both towers. */
	readonly layout: { readonly text: readonly LayerLayout[]; readonly image: readonly LayerLayout[] }
	/**
	 * Text features of unit length.
	 * @param ids [R, T] int64, whole classes: R is a number or symbol that `promptsPerClass` divides, such as `3*C`.
	 * @param endPosition [R, T], 1 at each end token.
	 * @returns [R / promptsPerClass, E].
	 */
	textFeatures(ids: Value, endPosition: Value, parameters: ParameterLookup): Value
	/** Image features, not normalised, and the tokens on the way. @param pixels [B, 3, S, S] in [0, 1]. */
	imageFeatures(pixels: Value, parameters: ParameterLookup, options?: { readonly allTokens?: boolean }): ImageFeatures
	/** The same defense with its prompts alone, over a part of its parameters; only one with refiners has it. */
	withoutRefiners?(): Defense
}

/** A registered method. */
export interface DefenseDefinition<Schema extends z.ZodType = z.ZodType> {
	readonly name: string
	/** One line: what it learns. */
	readonly doc: string
	/** Paper, section and equations it follows. */
	readonly source: string
	/** Options with their defaults. */
	readonly schema: Schema
	/**
	 * What makes the method besides its parameters (loss, objective and time of the inner attack), as part of a tuning
	 * configuration. Budgets such as epochs, rates and epsilon come from presets.
	 */
	readonly tuning: Readonly<Record<string, unknown>>
	/** Binds the method to a model and classes. @throws NaptuneError when options, model and classes do not fit together. */
	prepare(clip: ClipModel, classNames: readonly string[], config: z.output<Schema>): Defense
}

/**
 * Parameters as graph inputs of their own names. Asking twice for a name gives the same value.
 * @param type float32, or float64 for numerical checks.
 */
export function parameterInputs(
	defense: Pick<Defense, 'parameters'>,
	type: ElementType = 'float32',
): { readonly lookup: ParameterLookup; readonly used: ReadonlyMap<string, Value> } {
	const used = new Map<string, Value>()
	const lookup: ParameterLookup = (name) => {
		const known = used.get(name)
		if (known) return known
		const value = ops.input(name, type, defense.parameters.get(name)!.shape)
		used.set(name, value)
		return value
	}
	return { lookup, used }
}

/** Numbers that a defense trains, in all tensors together. */
export function trainableParameters({ parameters }: Pick<Defense, 'parameters'>): number {
	return [...parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0)
}

/** Where training starts: every parameter's initial values, each from a random stream of its own. */
export async function initialParameters(
	{ parameters }: Pick<Defense, 'parameters'>,
	seed: number,
): Promise<Record<string, Tensor<'float32'>>> {
	const values: Record<string, Tensor<'float32'>> = {}
	for (const [name, { shape, stream = name, initial }] of parameters) {
		values[name] = float32(shape, await initial(generator(seed, 'initial-parameters', stream)))
	}
	return values
}

/** Parameters as constants of the graph. @throws NaptuneError for a name without a value. */
export function fixedParameters(parameters: Readonly<Record<string, Tensor<'float32'>>>): ParameterLookup {
	const values = new Map<string, Value>()
	return (name) => {
		const known = values.get(name)
		if (known) return known
		const parameter = parameters[name]
		if (!parameter)
			throw new NaptuneError(`The parameters hold no ${name}; they belong to another defense or configuration.`)
		const value = ops.literal(parameter)
		values.set(name, value)
		return value
	}
}

/** What a defense is: graphs from pixels and prompts to features, with trainable parameters as inputs. */

import { entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { type ElementType, elementCount, float32, type Tensor } from '../core/tensor.js'
import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import { generator } from '../random/counter-based.js'
import type { Generator } from '../random/generator.js'
import type { ImageTowerOutput } from '../vlm/image-tower.js'

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

/** Tokens that a method changes before a block of the image tower. */
export interface TokenChange {
	/** The block that the changed tokens enter, counted from 0. */
	readonly layer: number
	/** [B, N, width]: class and patch tokens. */
	readonly before: Value
	readonly after: Value
	/** Where several changes are averaged, how far they disagree by token, [B, N]: root mean square over them and width. */
	readonly spread?: Value
}

/** What the image tower of a defense yields. */
export interface ImageFeatures extends ImageTowerOutput {
	/** In the order of the blocks; empty for a method that changes no tokens between them. */
	readonly tokenChanges: readonly TokenChange[]
}

/** The tokens that enter one block. */
export interface LayerLayout {
	/** Tokens that are no context vectors: class token and patches, or the text with its start and end. */
	readonly tokens: number
	/** Context vectors beside them. */
	readonly prompts: number
	/** Whether the layer brings context vectors of its own, rather than those that the block before gave. */
	readonly ownPrompts: boolean
	/** Whether the method changes the other tokens before this block. */
	readonly changed: boolean
}

/** Levels of knowledge, short of everything, that a method may define for attackers of its own models. */
export type ViewName = 'prompt-aware'

/** What a weaker attacker may know of a defense. */
export interface DefenseView {
	/** The level of knowledge. */
	readonly name: ViewName
	/** What stays hidden at this level, as in "with {hides}", such as `the refiners`. */
	readonly hides: string
	/** The same defense without it, over a part of its parameters. */
	defense(): Defense
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
	/**
	 * Of a method whose texts depend on the image, the unit text features of every image, which its logits are made of; then
	 * `textFeatures` are those of its texts before any image shifts them.
	 * @param features [B, E] of the images, not normalised.
	 * @returns [B, C, E].
	 */
	textFeaturesOfImages?(features: Value, parameters: ParameterLookup): Value
	/** The factor on the learning rate of a parameter by its name; 1 for all where missing. */
	readonly rateOf?: (parameter: string) => number
	/** A model beside it that is tuned along and teaches it; attacks and users do not see it. */
	readonly teacher?: Pick<Defense, 'textFeatures' | 'imageFeatures'>
	/** What weaker attackers may know of it; empty where who knows any part knows all. */
	readonly views: readonly DefenseView[]
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
		const value = ops.input(name, type, entry(defense.parameters, name).shape)
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
			throw new NaptuneError(
				'NAP_FILE_INVALID',
				`The parameters hold no ${name}; they belong to another defense or configuration.`,
			)
		const value = ops.literal(parameter)
		values.set(name, value)
		return value
	}
}

/** A defense: graphs from pixels and prompts to features, with trainable parameters as inputs. */

import { entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { type ElementType, elementCount, float32, type Tensor } from '../core/tensor.js'
import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import { generator } from '../random/counter-based.js'
import type { Generator } from '../random/generator.js'
import type { ImageTowerOutput } from '../vlm/image-tower.js'

/** One trainable tensor: its shape and initial values. */
export interface Parameter {
	readonly shape: readonly number[]
	/** Name of the random stream of its initial values; default: the parameter's name. Equal streams start equal. */
	readonly stream?: string
	/** Initial values, row-major. */
	initial(stream: Generator): Float32Array | Promise<Float32Array>
}

/** The graph value of a parameter by name. */
export type ParameterLookup = (name: string) => Value

/** Tokenised prompts of all classes, `promptsPerClass` rows per class. */
export interface PromptRows {
	/** [rows, length]. */
	readonly ids: BigInt64Array
	/** Position of each row's end token. */
	readonly endPositions: Int32Array
	readonly rows: number
	/** Tokens per row: those of the longest prompt. */
	readonly length: number
	readonly promptsPerClass: number
}

/** Tokens that a method changes before a block of the image tower. */
export interface TokenChange {
	/** The block that receives the changed tokens, counted from 0. */
	readonly layer: number
	/** [B, N, width]: class and patch tokens. */
	readonly before: Value
	readonly after: Value
	/** If several changes are averaged, their disagreement per token, [B, N]: root mean square over them and the width. */
	readonly spread?: Value
}

/** The output of a defense's image tower. */
export interface ImageFeatures extends ImageTowerOutput {
	/** In the order of the blocks; empty for methods that change no tokens between them. */
	readonly tokenChanges: readonly TokenChange[]
}

/** The tokens that enter one block. */
export interface LayerLayout {
	/** Tokens that are not context vectors: class token and patches, or the text with its start and end. */
	readonly tokens: number
	/** Context vectors besides them. */
	readonly prompts: number
	/** Whether the layer has its own context vectors, instead of those from the block before. */
	readonly ownPrompts: boolean
	/** Whether the method changes the other tokens before this block. */
	readonly changed: boolean
}

/** Levels of partial knowledge that a method may define for attackers of its models. */
export type ViewName = 'prompt-aware'

/** What a weaker attacker may know about a defense. */
export interface DefenseView {
	/** The level of knowledge. */
	readonly name: ViewName
	/** What this level hides, as in "with {hides}", such as `the refiners`. */
	readonly hides: string
	/** The same defense without it, over a subset of its parameters. */
	defense(): Defense
}

/** A method bound to a CLIP and a list of classes. It builds graphs and holds no values. */
export interface Defense {
	readonly name: string
	/** The whole configuration with defaults filled in, for records. */
	readonly config: Readonly<Record<string, unknown>>
	readonly classNames: readonly string[]
	/** Everything that it trains, by name; empty for a method that learns nothing. */
	readonly parameters: ReadonlyMap<string, Parameter>
	readonly prompts: PromptRows
	/** The input of each block in both towers. */
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
	/** What weaker attackers may know; empty if knowing any part means knowing all. */
	readonly views: readonly DefenseView[]
}

/**
 * Parameters as graph inputs under their own names. Repeated calls for a name return the same value.
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

/** Total count of numbers that a defense trains. */
export function trainableParameters({ parameters }: Pick<Defense, 'parameters'>): number {
	return [...parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0)
}

/** The start of training: every parameter's initial values, each from its own random stream. */
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
				`The parameters lack ${name}; they belong to another defense or configuration.`,
			)
		const value = ops.literal(parameter)
		values.set(name, value)
		return value
	}
}

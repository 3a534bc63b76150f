/** A tuned CLIP that stays open to any classes: texts and images to features and logits, with what was learned inside. */

import type { ModelProto } from 'onnx-buf'
import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { int64 } from '../core/tensor.js'
import { type Defense, fixedParameters, type ParameterLookup } from '../defenses/defense.js'
import type { DeployedModel } from '../evaluation/deployed/deployed-classifier.js'
import { float32, ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import { classLogits, towersOf } from '../vlm/towers.js'
import { onNormalisedPixels, pixelValues } from './classifier-graph.js'
import { modelMessage } from './model-message.js'
import { withOpenLength } from './open-length.js'

/** Names of sizes. */
export const textBatch = 'text_batch_size'
export const textLength = 'sequence_length'

/** Context vectors of the text tower, which stand behind the start token. */
export function textContexts({ layout }: Pick<Defense, 'layout'>): number {
	return at(layout.text, 0).prompts
}

/** Longest text, start and end token included. */
export function longestText({ clip, defense }: DeployedModel): number {
	return clip.config.text.contextLength - textContexts(defense)
}

/** @throws NaptuneError for ONNX encoders, whose text tower is a file of its own. */
export function requireTextTower({ clip }: Pick<DeployedModel, 'clip'>): void {
	if (towersOf(clip.config).blocks) return
	throw new NaptuneError(
		'NAP_EXPORT_REFUSED',
		'A zero-shot export is built from the text tower of a model, and a pair of ONNX encoders keeps its own in a file, which is an export already. Export the classifier (--task classifier).',
	)
}

/** Tokens of every text, of a model that reads its feature at the last one, padding or not, as SigLIP does. */
export function fixedLength(model: DeployedModel): number | undefined {
	return model.clip.config.text.eosRule === 'last' ? longestText(model) : undefined
}

/** Names of what a text is given as. */
export function textInputs(model: DeployedModel): readonly string[] {
	return fixedLength(model) === undefined ? ['input_ids', 'attention_mask'] : ['input_ids']
}

/** The graphs of a zero-shot export. */
export interface ZeroShotGraphs {
	/**
	 * `input_ids, attention_mask, pixel_values → logits_per_image, logits_per_text, text_embeds, image_embeds`; without
	 * `attention_mask` for models that read texts of one length.
	 */
	readonly whole: ModelProto
	/** `pixel_values → image_embeds`. */
	readonly vision: ModelProto
	/** `input_ids, attention_mask → text_embeds`, likewise. */
	readonly text: ModelProto
}

/**
 * Builds them. Features have unit length.
 * @param metadata Of all three.
 * @throws NaptuneError for ONNX encoders, a method with several prompts per class, which no text tower reads one by one, and
 * contexts that leave no room for a text.
 */
export async function zeroShotGraphs(
	model: DeployedModel,
	metadata: Readonly<Record<string, string>>,
): Promise<ZeroShotGraphs> {
	requireTextTower(model)
	const { promptsPerClass } = model.defense.prompts
	if (promptsPerClass !== 1) {
		throw new NaptuneError(
			'NAP_EXPORT_REFUSED',
			`${model.defense.name} averages ${promptsPerClass} prompts per class, which one text does not make up. Export the classifier (--task classifier).`,
		)
	}
	const longest = longestText(model)
	if (longest < 8) {
		throw new NaptuneError(
			'NAP_EXPORT_REFUSED',
			`The contexts of ${model.defense.name} leave ${longest} tokens for a text, which is too few for an open vocabulary. Export the classifier (--task classifier).`,
		)
	}
	const lengths = [longest, longest - 2, longest - 5] as const
	const open = async (outputs: (length: number) => Record<string, Value>): Promise<ModelProto> => {
		const fixed = fixedLength(model)
		if (fixed !== undefined) return modelMessage(outputs(fixed), metadata)
		const [first, ...rest] = await Promise.all(
			lengths.map(async (length) => ({ length, model: await modelMessage(outputs(length), metadata) })),
		)
		const [second, third] = rest
		if (!first || !second || !third) throw new RangeError('Three lengths were built.')
		return withOpenLength(first, [second, third], {
			input: 'input_ids',
			inputs: textInputs(model),
			symbol: textLength,
		})
	}
	return {
		whole: await open((length) => wholeOutputs(model, length)),
		vision: await modelMessage({ image_embeds: imageEmbeds(model, fixedParameters(model.parameters)) }, metadata),
		text: await open((length) => ({ text_embeds: textEmbeds(model, length, fixedParameters(model.parameters)) })),
	}
}

function wholeOutputs(model: DeployedModel, length: number): Record<string, Value> {
	const parameters = fixedParameters(model.parameters)
	const texts = textEmbeds(model, length, parameters)
	const images = imageEmbeds(model, parameters)
	const logits = classLogits(model.clip, images, texts)
	return {
		logits_per_image: logits,
		logits_per_text: ops.transpose(logits, [1, 0]),
		text_embeds: texts,
		image_embeds: images,
	}
}

function imageEmbeds(model: DeployedModel, parameters: ParameterLookup): Value {
	return ops.normalizeL2(onNormalisedPixels(model).imageFeatures(pixelValues(model.clip), parameters).features)
}

/** Text features [text_batch_size, E] of texts of `length` tokens. */
function textEmbeds(model: DeployedModel, length: number, parameters: ParameterLookup): Value {
	const { clip, defense } = model
	const shape = [textBatch, length]
	const count = textContexts(defense)
	const { startTokens } = towersOf(clip.config)
	const placeholder = at(clip.tokenizer.encode('X'), startTokens)
	const places = ops.literal(int64([count], new Array<number>(count).fill(placeholder)))
	const prompted = (rows: Value, inserted: Value) => (count === 0 ? rows : insertedAt(startTokens, rows, inserted))
	if (fixedLength(model) !== undefined) {
		const ids = prompted(ops.input('input_ids', 'int64', shape), places)
		const isLast = Float32Array.from({ length: length + count }, (_, position) => +(position === length + count - 1))
		const endPosition = ops.repeatForBatch(ops.literal(float32([isLast.length], isLast)), ids)
		return defense.textFeatures(ids, endPosition, parameters)
	}
	const end = clip.config.text.endTokenId
	const ids = endedIds(ops.input('input_ids', 'int64', shape), ops.input('attention_mask', 'int64', shape), end)
	const isEnd = ops.cast(ops.equal(ids, end), 'float32')
	// The first of equals: checkpoints that pad with the end token have several.
	const firstEnd = ops.argMax(isEnd, 1, true)
	const positions = ops.literal(
		int64(
			[1, length],
			Array.from({ length }, (_, position) => position),
		),
	)
	const endPosition = ops.cast(ops.equal(firstEnd, positions), 'float32')
	const nothing = ops.literal(float32([count], new Float32Array(count)))
	return defense.textFeatures(prompted(ids, places), prompted(endPosition, nothing), parameters)
}

/**
 * Texts that end: one that was cut off without its end token gets it in place of its last token, as tokenizers that know
 * the end token do.
 */
function endedIds(ids: Value, mask: Value, end: number): Value {
	const length = ids.shape[1] as number
	const hasEnd = ops.reduceMax(ops.cast(ops.equal(ids, end), 'float32'), [1], true)
	const last = ops.sub(ops.reduceSum(ops.cast(mask, 'float32'), [1], true), 1)
	const positions = ops.literal(
		float32(
			[1, length],
			Array.from({ length }, (_, position) => position),
		),
	)
	const isLast = ops.and(ops.equal(last, positions), ops.less(hasEnd, 0.5))
	return ops.where(isLast, end, ids)
}

/** [first `start` | inserted | others] of every row. */
function insertedAt(start: number, rows: Value, inserted: Value): Value {
	const length = rows.shape[1] as number
	const between = ops.repeatForBatch(inserted, rows)
	if (start === 0) return ops.concat([between, rows], 1)
	return ops.concat([ops.slice(rows, 1, 0, start), between, ops.slice(rows, 1, start, length)], 1)
}

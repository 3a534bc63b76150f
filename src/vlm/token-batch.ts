/** Several encoded texts as one array, with the position that gives each text's feature. */

import { at, last } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { cleanText, lowerAsPython } from '../files/text/text-cleanup.js'

/** How to encode several texts. A `TextConfig` has the first four. */
export interface TokenBatchOptions {
	/** Most tokens of one text, start and end included: 77 in released models. */
	readonly contextLength: number
	/** How the position that gives the feature is found; `argmax` when not given. */
	readonly eosRule?: 'argmax' | 'first-match' | 'last'
	/** The end token's id, needed for `first-match`. */
	readonly endTokenId?: number
	/** Number of rows of the token embedding; ids are checked against it where given. */
	readonly vocabularySize?: number
	/** Cut texts that are too long, as openai/CLIP does: the last token kept becomes the end token. Default false. */
	readonly truncate?: boolean
	/** Clean up each text first as openai/CLIP does. Default true. */
	readonly cleanUp?: boolean
	/** Length of all rows: the longest text's (default), or a number of tokens. */
	readonly padTo?: 'longest' | number
}

/** Ids of n texts, T tokens each. */
export interface TokenBatch {
	/** [n, T]. */
	readonly ids: BigInt64Array
	/** n. */
	readonly count: number
	/** T. */
	readonly length: number
	/** [n], position of each text's end token, whose output is the text's feature. */
	readonly endPositions: Int32Array
}

/**
 * Encodes and pads. Which id pads does not matter to the features: the mask is causal, so no token sees a later one, and
 * the feature is read at the end token, before the padding.
 * @throws NaptuneError for a text longer than the context, without an end token by the rule of the config, or with a token
 * that the model does not have.
 */
export function batchTokens(
	texts: readonly string[],
	encode: (text: string) => number[],
	paddingId: number,
	options: TokenBatchOptions,
): TokenBatch {
	const prepare = (text: string) => ((options.cleanUp ?? true) ? lowerAsPython(cleanText(text)) : text)
	const rows = texts.map((text) => withinContext(text, encode(prepare(text)), options))
	const longest = rows.reduce((most, { length }) => Math.max(most, length), 0)
	const length = typeof options.padTo === 'number' ? options.padTo : longest
	if (!Number.isInteger(length) || length < longest || length > options.contextLength) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`Rows of ${length} tokens were requested; the longest text has ${longest}, and the model reads at most ${options.contextLength}. Set padTo to a number in that range, or to 'longest'.`,
		)
	}
	// A padding token that was added to the tokenizer but not to the model has no embedding.
	const padding = paddingId < (options.vocabularySize ?? Number.POSITIVE_INFINITY) ? paddingId : 0
	const ids = new BigInt64Array(rows.length * length).fill(BigInt(padding))
	const endPositions = new Int32Array(rows.length)
	rows.forEach((row, index) => {
		refuseUnknown(row, at(texts, index), options)
		ids.set(row.map(BigInt), index * length)
		endPositions[index] = options.eosRule === 'last' ? length - 1 : endPosition(row, at(texts, index), options)
	})
	return { ids, count: rows.length, length, endPositions }
}

/** [n, T] with 1 at each text's end position and 0 elsewhere: what the text tower reads its features with. */
export function endPositionRows({ count, length, endPositions }: TokenBatch): Float32Array {
	const rows = new Float32Array(count * length)
	for (let index = 0; index < count; index++) rows[index * length + at(endPositions, index)] = 1
	return rows
}

function withinContext(
	text: string,
	tokens: number[],
	{ contextLength, truncate = false }: TokenBatchOptions,
): number[] {
	if (tokens.length <= contextLength) return tokens
	if (truncate) return [...tokens.slice(0, contextLength - 1), last(tokens)]
	throw new NaptuneError(
		'NAP_TEXT_UNSUITABLE',
		`The text ${JSON.stringify(shorten(text))} has ${tokens.length} tokens; the model reads at most ${contextLength}. Shorten the text, or allow truncation.`,
	)
}

function refuseUnknown(tokens: readonly number[], text: string, { vocabularySize }: TokenBatchOptions): void {
	const unknown = tokens.find((token) => token >= (vocabularySize ?? Number.POSITIVE_INFINITY))
	if (unknown === undefined) return
	throw new NaptuneError(
		'NAP_MODEL_INVALID',
		`The text ${JSON.stringify(shorten(text))} has the token ${unknown}, but the model has only ${vocabularySize}: tokenizer.json and config.json (vocab_size) do not belong together.`,
	)
}

function shorten(text: string): string {
	const characters = Array.from(text)
	return characters.length <= 120 ? text : `${characters.slice(0, 120).join('')}…`
}

function endPosition(tokens: readonly number[], text: string, options: TokenBatchOptions): number {
	if ((options.eosRule ?? 'argmax') === 'argmax') return tokens.indexOf(Math.max(...tokens))
	const position = tokens.indexOf(options.endTokenId ?? -1)
	if (position >= 0) return position
	throw new NaptuneError(
		'NAP_MODEL_INVALID',
		`The ids of ${JSON.stringify(shorten(text))} do not hold the end token ${options.endTokenId} of the config: tokenizer.json and config.json (eos_token_id) do not belong together.`,
	)
}

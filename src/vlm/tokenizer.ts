/** CLIP's tokenizer: text to token ids, equal to those of transformers' fast CLIP tokenizer. */

import type { Tokenizer } from '@huggingface/tokenizers'
import { NaptuneError } from '../core/errors.js'
import { shown } from '../core/shown.js'
import { checkTokenizer } from './check-tokenizer.js'
import { precompiledCharsmap } from './precompiled-charsmap.js'
import { batchTokens, type TokenBatch, type TokenBatchOptions } from './token-batch.js'

/** A loaded `tokenizer.json`. */
export interface ClipTokenizer {
	/** Number of tokens: one more than the highest id. */
	readonly vocabularySize: number
	/** Id that pads shorter texts of a batch: the tokenizer's own padding token, or its end token. */
	readonly paddingId: number
	/**
	 * The ids of one text, start and end token included, of any length.
	 * @param text Taken as it is; the clean-up of openai/CLIP is a step before this (`cleanText`).
	 */
	encode(text: string): number[]
	/**
	 * Returns the ids of several texts as one array. Cleans the texts up first unless the options disable it.
	 * @throws NaptuneError when a text is longer than the context and truncation is off.
	 */
	encodeBatch(texts: readonly string[], options: TokenBatchOptions): TokenBatch
}

/** Options of {@link createTokenizer}. */
export interface TokenizerOptions {
	/** Content of the `tokenizer_config.json` beside it, which may name the padding token. */
	readonly settings?: object
	/** Rows of the model's token embedding, where they are known: no id may be beyond them. */
	readonly modelTokens?: number
	/**
	 * Text of the token that pads where neither file says it, of a byte-pair encoding (SigLIP 2's, which is Gemma's). Else the
	 * end token pads, as in CLIP and SigLIP 1, whose Unigram has another `<pad>` that is not used.
	 */
	readonly padding?: string
	/** What to call the file in errors. */
	readonly name?: string
}

/**
 * Makes a tokenizer.
 * @param json The parsed content of a `tokenizer.json`.
 * @throws NaptuneError when it is damaged or hostile (with the field that is wrong), or is not a tokenizer that the library
 * understands.
 */
export async function createTokenizer(
	json: object,
	{ settings = {}, modelTokens, padding, name = 'tokenizer.json' }: TokenizerOptions = {},
): Promise<ClipTokenizer> {
	const library = await build(json, settings, name, modelTokens)
	const lowers = JSON.stringify((json as { normalizer?: unknown }).normalizer ?? null).includes('"Lowercase"')
	const encode = (text: string): number[] => {
		const { ids, tokens } = library.encode(likeRust(text, lowers))
		// The library gives no id at all for what the vocabulary lacks.
		const missing = ids.findIndex((id: unknown) => !Number.isInteger(id))
		if (missing < 0) return ids
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} is damaged: the token ${shown(tokens[missing])} of ${shown(text)} is not in its vocabulary. Fetch it again.`,
		)
	}
	let vocabularySize = 0
	for (const id of library.get_vocab().values()) vocabularySize = Math.max(vocabularySize, id + 1)
	const isBytePair = (json as { model?: { type?: unknown } }).model?.type === 'BPE'
	const usual = padding !== undefined && isBytePair ? library.token_to_id(padding) : undefined
	const paddingId = findPaddingId(library, json, settings) ?? usual ?? encode('').at(-1)
	if (paddingId === undefined) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} adds no start and end token to a text. Use the tokenizer.json of a CLIP, whose post_processor adds both.`,
		)
	}
	return {
		vocabularySize,
		paddingId,
		encode,
		encodeBatch: (texts, options) => batchTokens(texts, encode, paddingId, options),
	}
}

async function build(
	json: object,
	settings: object,
	name: string,
	modelTokens: number | undefined,
): Promise<Tokenizer> {
	checkTokenizer(json, settings, name, modelTokens)
	const { Tokenizer } = await import('@huggingface/tokenizers')
	try {
		// Nothing is ever decoded.
		const library = new Tokenizer({ ...withRustSpaces(withoutSecondSplit(json)), decoder: null }, settings)
		applyCharsmaps(library.normalizer, name)
		library.encode('a photo of a cat.')
		return library
	} catch (error) {
		if (error instanceof NaptuneError) throw error
		throw new NaptuneError('NAP_FILE_INVALID', `${name} is not a usable tokenizer: ${(error as Error).message}.`, {
			cause: error,
		})
	}
}

/**
 * Spaces are those of Unicode's White_Space in transformers; in JavaScript, \s and trim count U+FEFF and not U+0085. CLIP's
 * own files stay as they are: its patterns leave neither.
 */
function withRustSpaces(json: object): object {
	const { normalizer, model } = json as { normalizer?: NormalizerPart | null; model?: { end_of_word_suffix?: string } }
	if (!normalizer || model?.end_of_word_suffix) return json
	return { ...json, normalizer: withSpaces(normalizer) }
}

const space = '\\p{White_Space}'

function withSpaces(part: NormalizerPart): NormalizerPart {
	if (part.normalizers) return { ...part, normalizers: part.normalizers.map(withSpaces) }
	if (part.type === 'Strip') {
		const ends = [
			part.strip_left === false ? [] : [`^${space}+`],
			part.strip_right === false ? [] : [`${space}+$`],
		].flat()
		return { type: 'Replace', pattern: { Regex: ends.join('|') || '(?!)' }, content: '' }
	}
	const regex = part.type === 'Replace' ? part.pattern?.Regex : undefined
	if (regex === undefined) return part
	return { ...part, pattern: { Regex: regex.replaceAll(/\\\\|\\s/g, (found) => (found === '\\s' ? space : found)) } }
}

interface NormalizerPart {
	readonly type?: string
	readonly normalizers?: readonly NormalizerPart[]
	readonly pattern?: { readonly Regex?: string }
	readonly content?: string
	readonly strip_left?: boolean
	readonly strip_right?: boolean
}

/** Applies SentencePiece's maps exactly, since the library's own step only approximates them. */
function applyCharsmaps(normalizer: unknown, name: string): void {
	const part = normalizer as {
		normalizers?: unknown[]
		charsmap?: unknown
		normalize?: (text: string) => string
	} | null
	if (!part) return
	for (const inner of part.normalizers ?? []) applyCharsmaps(inner, name)
	if (typeof part.charsmap === 'string') part.normalize = precompiledCharsmap(part.charsmap, name)
}

/** The end of CLIP's split into words, by which it is recognised. */
const clipSplit = '[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+'

/**
 * CLIP's tokenizer.json splits a second time, by GPT-2's pattern, which leaves CLIP's words whole. Not so in JavaScript,
 * whose \s alone counts U+FEFF as a space: the second split is left out.
 */
function withoutSecondSplit(json: object): object {
	const { pre_tokenizer: outer } = json as { pre_tokenizer?: { type?: string; pretokenizers?: Splitter[] } | null }
	const [first, second, ...others] = outer?.pretokenizers ?? []
	const isClip = first?.type === 'Split' && first.invert === true && first.pattern?.Regex?.endsWith(clipSplit)
	if (!isClip || second?.type !== 'ByteLevel') return json
	return { ...json, pre_tokenizer: { ...outer, pretokenizers: [first, { ...second, use_regex: false }, ...others] } }
}

interface Splitter {
	readonly type?: string
	readonly invert?: boolean
	readonly pattern?: { readonly Regex?: string }
}

/**
 * transformers lower-cases (where the tokenizer does) each character by itself, JavaScript writes a sigma at a word's end as
 * ς: with the sigmas already in lower case both agree. A half of a surrogate pair is no character and becomes U+FFFD.
 */
function likeRust(text: string, lowers: boolean): string {
	const whole = text.replace(/\p{Surrogate}/gu, '\uFFFD')
	return lowers ? whole.replaceAll('Σ', 'σ') : whole
}

function findPaddingId(library: Tokenizer, json: object, settings: object): number | undefined {
	const padding = (json as { padding?: { pad_id?: unknown } | null }).padding?.pad_id
	if (typeof padding === 'number') return padding
	const token = (settings as { pad_token?: unknown }).pad_token
	const content = typeof token === 'string' ? token : (token as { content?: unknown } | null | undefined)?.content
	return typeof content === 'string' ? library.token_to_id(content) : undefined
}

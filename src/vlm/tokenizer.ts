/** CLIP's tokenizer: text to token ids, equal to those of transformers' fast CLIP tokenizer. */

import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { NaptuneError } from '../core/errors.js'
import { shown } from '../core/shown.js'
import { checkTokenizer } from './check-tokenizer.js'
import { batchTokens, type TokenBatch, type TokenBatchOptions } from './token-batch.js'

/** A loaded `tokenizer.json`. */
export interface ClipTokenizer {
	/** Number of tokens: one more than the highest id. */
	readonly vocabularySize: number
	/** Id that pads shorter texts of a batch: the tokenizer's own padding token, else its end token. */
	readonly paddingId: number
	/**
	 * The ids of one text, start and end token included, of any length.
	 * @param text Taken as it is; the clean-up of openai/CLIP is a step before this (`cleanText`).
	 */
	encode(text: string): number[]
	/**
	 * The ids of several texts as one array, cleaned up first unless told otherwise.
	 * @throws NaptuneError when a text is longer than the context and truncation was not asked for.
	 */
	encodeBatch(texts: readonly string[], options: TokenBatchOptions): TokenBatch
}

/**
 * Loads a tokenizer.
 * @param source Path of a `tokenizer.json` (a `tokenizer_config.json` beside it is read for the padding token), or its
 * parsed content.
 * @param modelTokens Rows of the model's token embedding, where they are known: no id may be beyond them.
 * @throws NaptuneError when the file cannot be read, is damaged or hostile (with the field that is wrong), or is not a
 * tokenizer the library understands.
 */
export async function loadTokenizer(source: string | object, modelTokens?: number): Promise<ClipTokenizer> {
	const name = typeof source === 'string' ? source : 'tokenizer.json'
	const json = typeof source === 'string' ? await readJson(source) : source
	const settings = typeof source === 'string' ? await readSettings(source) : {}
	const library = build(json, settings, name, modelTokens)
	const encode = (text: string): number[] => {
		const { ids, tokens } = library.encode(likeRust(text))
		// The library gives no id at all for what the vocabulary lacks.
		const missing = ids.findIndex((id: number | undefined) => id === undefined)
		if (missing < 0) return ids
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} is damaged: the token ${shown(tokens[missing])} of ${shown(text)} is not in its vocabulary. Fetch it again.`,
		)
	}
	let vocabularySize = 0
	for (const id of library.get_vocab().values()) vocabularySize = Math.max(vocabularySize, id + 1)
	const paddingId = findPaddingId(library, json, settings) ?? encode('').at(-1)
	if (paddingId === undefined) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} adds no start and end token to a text. Give the tokenizer.json of a CLIP, whose post_processor adds both.`,
		)
	}
	return {
		vocabularySize,
		paddingId,
		encode,
		encodeBatch: (texts, options) => batchTokens(texts, encode, paddingId, options),
	}
}

function build(json: object, settings: object, name: string, modelTokens: number | undefined): Tokenizer {
	checkTokenizer(json, settings, name, modelTokens)
	try {
		// Nothing is ever decoded.
		const library = new Tokenizer({ ...withoutSecondSplit(json), decoder: null }, settings)
		library.encode('a photo of a cat.')
		return library
	} catch (error) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} is not a tokenizer that can be used: ${(error as Error).message}.`,
			{
				cause: error,
			},
		)
	}
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
 * transformers lower-cases each character by itself, JavaScript writes a sigma at a word's end as ς: with the sigmas
 * already in lower case both agree. A half of a surrogate pair is no character and becomes U+FFFD.
 */
function likeRust(text: string): string {
	return text.replace(/\p{Surrogate}/gu, '\uFFFD').replaceAll('Σ', 'σ')
}

function findPaddingId(library: Tokenizer, json: object, settings: object): number | undefined {
	const padding = (json as { padding?: { pad_id?: unknown } | null }).padding?.pad_id
	if (typeof padding === 'number') return padding
	const token = (settings as { pad_token?: unknown }).pad_token
	const content = typeof token === 'string' ? token : (token as { content?: unknown } | null | undefined)?.content
	return typeof content === 'string' ? library.token_to_id(content) : undefined
}

async function readSettings(tokenizerFile: string): Promise<object> {
	const path = join(dirname(tokenizerFile), 'tokenizer_config.json')
	try {
		return await readJson(path)
	} catch (error) {
		if ((error as { cause?: { code?: string } }).cause?.code === 'ENOENT') return {}
		throw error
	}
}

/** Bytes of a file; the largest that are published have 35 MB. */
const longestFile = 64_000_000

async function readJson(path: string): Promise<object> {
	let json: unknown
	try {
		const { size } = await stat(path)
		if (size > longestFile) throw new Error(`it has ${size} bytes, at most ${longestFile} are expected`)
		json = JSON.parse(await readFile(path, 'utf8'))
	} catch (error) {
		throw new NaptuneError('NAP_FILE_INVALID', `${path} could not be read: ${(error as Error).message}.`, {
			cause: error,
		})
	}
	if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
	throw new NaptuneError('NAP_FILE_INVALID', `${path} should hold one JSON object.`)
}

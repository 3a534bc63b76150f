/** The form of a `tokenizer.json`, as far as the library reads it: it believes what it is given. */

import { z } from 'zod'

const pattern = z.union([z.looseObject({ Regex: z.string() }), z.looseObject({ String: z.string() })])
/** A token and its id. */
const special = z.tuple([z.string(), z.int()])
const named = z.object({ id: z.string(), type_id: z.int() })
const pieces = z.array(z.union([z.object({ SpecialToken: named }), z.object({ Sequence: named })]))
const kind = <T extends string>(...types: readonly [T, ...T[]]) => z.looseObject({ type: z.enum(types) })

const normalizer = z.discriminatedUnion('type', [
	kind('NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Strip', 'BertNormalizer', 'Precompiled'),
	kind('Replace').extend({ pattern, content: z.string() }),
	kind('Prepend').extend({ prepend: z.string() }),
	kind('Sequence').extend({
		get normalizers() {
			return z.array(normalizer)
		},
	}),
])

const preTokenizer = z.discriminatedUnion('type', [
	kind('ByteLevel', 'Whitespace', 'WhitespaceSplit', 'BertPreTokenizer', 'Digits', 'Punctuation'),
	kind('Metaspace').extend({ replacement: z.string().optional(), str_rep: z.string().optional() }),
	kind('Split').extend({ pattern, behavior: z.string().optional(), invert: z.boolean().optional() }),
	kind('Replace').extend({ pattern, content: z.string().optional() }),
	kind('FixedLength').extend({ length: z.int().positive() }),
	kind('Sequence').extend({
		get pretokenizers() {
			return z.array(preTokenizer)
		},
	}),
])

const postProcessor = z.discriminatedUnion('type', [
	kind('RobertaProcessing', 'BertProcessing').extend({ sep: special, cls: special }),
	kind('TemplateProcessing').extend({ single: pieces, pair: pieces.optional() }),
	kind('ByteLevel'),
	kind('Sequence').extend({
		get processors() {
			return z.array(postProcessor)
		},
	}),
])

const addedToken = z.looseObject({
	id: z.int(),
	content: z.string().max(200),
	lstrip: z.boolean().optional(),
	rstrip: z.boolean().optional(),
	normalized: z.boolean().optional(),
	special: z.boolean().optional(),
})

/** A `tokenizer.json` but for the lists of its model, which are too long for a schema. */
export const tokenizerSchema = z.looseObject({
	added_tokens: z.array(addedToken).max(20_000),
	normalizer: normalizer.nullable(),
	pre_tokenizer: preTokenizer.nullable(),
	post_processor: postProcessor.nullable(),
	padding: z.looseObject({ pad_id: z.int().nonnegative().optional() }).nullish(),
	model: z.looseObject({
		// Files of older versions do not name it.
		type: z.enum(['BPE', 'WordPiece', 'Unigram']).optional(),
		unk_token: z.string().nullish(),
		unk_id: z.int().nonnegative().nullish(),
		end_of_word_suffix: z.string().nullish(),
		continuing_subword_prefix: z.string().nullish(),
	}),
})

const tokenName = z.union([z.string(), z.looseObject({ content: z.string() })])

/** A `tokenizer_config.json`, as far as it is read. */
export const tokenizerSettingsSchema = z.looseObject({
	eos_token: tokenName.nullish(),
	pad_token: tokenName.nullish(),
	additional_special_tokens: z.array(tokenName).max(20_000).nullish(),
})

/** A part that rewrites or splits text, with the parts in it. */
export type TextPart = {
	readonly type: string
	readonly pattern?: { readonly Regex?: string; readonly String?: string }
	readonly content?: string
	readonly normalizers?: readonly TextPart[]
	readonly pretokenizers?: readonly TextPart[]
}

/** A part that adds tokens to those of a text, with the parts in it. */
export type AddingPart = {
	readonly sep?: readonly [string, number]
	readonly cls?: readonly [string, number]
	readonly single?: readonly { readonly SpecialToken?: { readonly id: string } }[]
	readonly processors?: readonly AddingPart[]
}

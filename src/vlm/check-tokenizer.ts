/**
 * Checks a `tokenizer.json` before anything is built from it. It comes with an untrusted checkpoint, and is a small program
 * whose patterns, rewritings and numbers could use unlimited time and memory.
 */

import type { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { isRecord } from '../core/guards.js'
import { shortened, shown } from '../core/shown.js'
import { slowPattern } from './slow-pattern.js'
import { type AddingPart, type TextPart, tokenizerSchema, tokenizerSettingsSchema } from './tokenizer-schema.js'

/** Tokens and merges of one tokenizer: as many as the largest that are published. */
const mostEntries = 2 ** 18
/** Characters of all pieces of a Unigram model or of all added tokens, which become a tree of characters. */
const mostTreeCharacters = 4_000_000
/** Merges: Gemma, whose tokenizer SigLIP 2 has, has 580,604. */
const mostMerges = 2 ** 20
/** Maximum factor by which all rewritings together may lengthen a text. */
const mostGrowth = 4096
/** Levels of lists and objects. */
const deepest = 24

/**
 * @param name Of the file, for errors.
 * @param vocabularySize Rows of the model's token embedding, where they are known.
 * @throws NaptuneError naming the field that is missing, of another kind, or beyond what any real tokenizer has.
 */
export function checkTokenizer(json: object, settings: object, name: string, vocabularySize?: number): void {
	const damaged = (what: string) =>
		new NaptuneError('NAP_FILE_INVALID', `${name} is damaged or not a usable tokenizer: ${what}. Fetch it again.`)
	// The following checks recurse into the parts.
	if (isDeep(json) || isDeep(settings)) throw damaged(`it holds more than ${deepest} levels of lists and objects`)
	const parsed = tokenizerSchema.safeParse(json)
	if (!parsed.success) throw damaged(reasons(parsed.error))
	const parsedSettings = tokenizerSettingsSchema.safeParse(settings)
	if (!parsedSettings.success) {
		throw damaged(`in the tokenizer_config.json beside it, ${reasons(parsedSettings.error)}`)
	}
	const { added_tokens: added, model, normalizer, pre_tokenizer } = parsed.data
	const limit = vocabularySize ?? mostEntries
	const because =
		vocabularySize === undefined ? '' : `, as the model has ${vocabularySize} tokens (vocab_size of config.json)`
	checkVocabulary(model.vocab, limit, because, damaged)
	checkMerges(model.merges, model.type, damaged)
	for (const { id, content } of added) {
		if (id >= 0 && id < limit + added.length) continue
		throw damaged(
			`the id of the added token ${shown(content)} is ${id}; expected whole numbers below ${limit}${because}`,
		)
	}
	if (added.reduce((sum, { content }) => sum + content.length, 0) > mostTreeCharacters) {
		throw damaged(`its added tokens have more than ${mostTreeCharacters} characters`)
	}
	for (const [token, id] of specials(parsed.data.post_processor as AddingPart | null)) {
		const own = added.find(({ content }) => content === token)?.id ?? idIn(model.vocab, token)
		if (own === undefined) throw damaged(`the token ${shown(token)} of its post_processor is not in its vocabulary`)
		if (id !== undefined && id !== own) {
			throw damaged(`the token ${shown(token)} has the id ${id} in its post_processor and ${own} in its vocabulary`)
		}
	}
	checkTextParts([normalizer, pre_tokenizer] as readonly (TextPart | null)[], damaged)
}

type Damaged = (what: string) => NaptuneError

function reasons({ issues }: z.ZodError): string {
	const some = issues.slice(0, 3).map(({ path, message }) => `${path.join('.')} is wrong or missing (${message})`)
	return shortened(some.join('; '), 600)
}

function checkVocabulary(vocabulary: unknown, limit: number, because: string, damaged: Damaged): void {
	if (Array.isArray(vocabulary)) {
		checkPieces(vocabulary, limit, because, damaged)
		return
	}
	if (!isRecord(vocabulary)) throw damaged(`model.vocab is ${shown(vocabulary)}; expected ids by token`)
	let count = 0
	for (const token in vocabulary) {
		const id = vocabulary[token]
		if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= limit || Object.is(id, -0)) {
			throw damaged(
				`the id of ${shown(token)} in model.vocab is ${shown(id)}; expected whole numbers from 0 to ${limit - 1}${because}`,
			)
		}
		count++
	}
	if (count === 0) throw damaged('model.vocab is empty')
}

function idIn(vocabulary: unknown, token: string): number | undefined {
	if (!Array.isArray(vocabulary)) return (vocabulary as Readonly<Record<string, number>>)[token]
	const at = vocabulary.findIndex(([piece]) => piece === token)
	return at < 0 ? undefined : at
}

/** Tokens that are added to every text, with their ids if given. */
function specials(part: AddingPart | null): (readonly [string, number | undefined])[] {
	if (!part) return []
	const { sep, cls, single = [], processors = [] } = part
	const inTemplate = single.flatMap(({ SpecialToken: token }) => (token ? [[token.id, undefined] as const] : []))
	return [...(sep ? [sep] : []), ...(cls ? [cls] : []), ...inTemplate, ...processors.flatMap(specials)]
}

/** The pieces of a Unigram model, whose ids are their positions. */
function checkPieces(pieces: readonly unknown[], limit: number, because: string, damaged: Damaged): void {
	if (pieces.length === 0) throw damaged('model.vocab is empty')
	if (pieces.length > limit)
		throw damaged(`model.vocab has ${pieces.length} pieces; expected at most ${limit}${because}`)
	let characters = 0
	for (const [at, piece] of pieces.entries()) {
		const [text, score] = Array.isArray(piece) ? (piece as unknown[]) : []
		if (typeof text !== 'string' || typeof score !== 'number') {
			throw damaged(`piece ${at} of model.vocab is ${shown(piece)}; expected a text and a number`)
		}
		characters += text.length
	}
	if (characters > mostTreeCharacters) throw damaged(`model.vocab has more than ${mostTreeCharacters} characters`)
}

function checkMerges(merges: unknown, type: string | undefined, damaged: Damaged): void {
	if (merges === undefined && type !== 'BPE') return
	if (!Array.isArray(merges)) throw damaged(`model.merges is ${shown(merges)}; expected a list of pairs`)
	if (merges.length > mostMerges) throw damaged(`model.merges has ${merges.length} entries`)
	// Either form, but the same throughout.
	const inPairs = Array.isArray(merges[0])
	const isMerge = (merge: unknown) =>
		inPairs
			? Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string')
			: typeof merge === 'string'
	const wrong = merges.findIndex((merge) => !isMerge(merge))
	if (wrong >= 0) throw damaged(`entry ${wrong} of model.merges is ${shown(merges[wrong])}; expected a pair of texts`)
}

/** Accepts only patterns that are fast on any text, and rewritings that do not let it grow without limit. */
function checkTextParts(parts: readonly (TextPart | null)[], damaged: Damaged): void {
	const all = parts.flatMap((part) => (part ? flattened(part) : []))
	if (all.length > 64) throw damaged(`its normalizer and pre_tokenizer have ${all.length} parts`)
	let growth = 1
	for (const { pattern, content, type } of all) {
		const slow = pattern?.Regex === undefined ? undefined : slowPattern(pattern.Regex)
		if (slow) {
			throw damaged(`the pattern ${shown(pattern?.Regex)} ${slow}, which can take unlimited time on some texts`)
		}
		if (type === 'Replace') growth *= Math.max(1, content?.length ?? 0)
	}
	if (growth > mostGrowth) throw damaged(`its rewritings could make a text ${growth} times longer`)
}

function flattened(part: TextPart): TextPart[] {
	return [part, ...[...(part.normalizers ?? []), ...(part.pretokenizers ?? [])].flatMap(flattened)]
}

/** Whether a value has more levels than {@link deepest}. The vocabulary has many entries, but no levels. */
function isDeep(value: unknown): boolean {
	let level: unknown[] = [value]
	for (let depth = 0; depth < deepest; depth++) {
		const inner: unknown[] = []
		for (const one of level) {
			if (typeof one !== 'object' || one === null) continue
			for (const item of Object.values(one)) if (typeof item === 'object' && item !== null) inner.push(item)
		}
		if (inner.length === 0) return false
		level = inner
	}
	return true
}

/** Reads tokenizers of older checkpoints: `vocab.json` and `merges.txt` instead of `tokenizer.json`. */

import { join } from 'node:path'
import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { readJsonFile } from '../files/json-file.js'
import { readTextFile } from '../files/text/read-text.js'
import { clipTokenizer, endToken, startToken } from './vocabulary/byte-pair-vocabulary.js'

/** Their names. */
export const vocabularyFiles = ['vocab.json', 'merges.txt'] as const

const vocabularySchema = z.record(z.string(), z.int().nonnegative())

/**
 * What transformers makes of the two files: the content of the `tokenizer.json` that it would write.
 * @param directory That holds them.
 * @throws NaptuneError naming the file when one is missing or not of its form, or lacks CLIP's start and end token.
 */
export async function tokenizerOfVocabulary(directory: string): Promise<object> {
	const [vocabularyFile, mergesFile] = vocabularyFiles.map((name) => join(directory, name)) as [string, string]
	const parsed = vocabularySchema.safeParse(await readJsonFile(vocabularyFile))
	if (!parsed.success) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${vocabularyFile} is not a vocabulary: {"token": id}, with whole numbers as ids. Fetch it again.`,
		)
	}
	const vocabulary = parsed.data
	const idOf = (content: string) => {
		const id = vocabulary[content]
		if (id !== undefined) return id
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${vocabularyFile} has no token ${content}; expected the vocabulary of a CLIP.`,
		)
	}
	const [start, end] = [idOf(startToken), idOf(endToken)]
	return clipTokenizer({
		vocabulary,
		merges: merges(await readTextFile(mergesFile), mergesFile, vocabulary),
		start,
		end,
	})
}

/** Pairs of tokens, one a line; the first line says the version. */
function merges(text: string, path: string, vocabulary: Readonly<Record<string, number>>): string[] {
	const lines = text.split(/\r?\n/)
	return lines.flatMap((line, at) => {
		if (line.trim() === '' || (at === 0 && line.includes('#version'))) return []
		const parts = line.split(' ')
		if (parts.length === 2 && parts.every((part) => Object.hasOwn(vocabulary, part))) return [line]
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path}, line ${at + 1}, is ${JSON.stringify(line.slice(0, 80))}; expected two tokens of vocab.json separated by a space. Take both files from one checkpoint.`,
		)
	})
}

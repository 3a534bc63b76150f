/** Tokenizers on disk. */

import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { type ClipTokenizer, createTokenizer } from '../vlm/tokenizer.js'

/**
 * Loads a tokenizer.
 * @param path Of a `tokenizer.json`; a `tokenizer_config.json` beside it is read for the padding token.
 * @param modelTokens Rows of the model's token embedding, where they are known: no id may be beyond them.
 * @param padding See {@link createTokenizer}.
 * @throws NaptuneError when a file cannot be read, and as {@link createTokenizer}.
 */
export async function loadTokenizer(path: string, modelTokens?: number, padding?: string): Promise<ClipTokenizer> {
	const json = await readJson(path)
	return createTokenizer(json, { settings: await readSettings(path), name: path, ...defined({ modelTokens, padding }) })
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
		if (size > longestFile) throw new Error(`it has ${size} bytes; expected at most ${longestFile}`)
		json = JSON.parse(await readFile(path, 'utf8'))
	} catch (error) {
		throw new NaptuneError('NAP_FILE_UNREADABLE', `${path} could not be read: ${(error as Error).message}.`, {
			cause: error,
		})
	}
	if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
	throw new NaptuneError('NAP_FILE_INVALID', `${path} should hold one JSON object.`)
}

/** The merges of CLIP's released vocabulary. */

import { gunzipSync } from 'node:zlib'
import { NaptuneError } from '../../core/errors.js'
import type { Merge } from './byte-pair-vocabulary.js'

/** Merges of CLIP's released models; the vocabulary file holds more, which they do not use. */
const releasedMerges = 48_894

/**
 * Reads CLIP's merges from the vocabulary file of its release.
 * @param gzipped Content of `bpe_simple_vocab_16e6.txt.gz`: a heading, then one merge per line.
 * @throws NaptuneError when the content is something else.
 */
export function clipMerges(gzipped: Uint8Array): Merge[] {
	const lines = unpack(gzipped).split('\n')
	const merges = lines.slice(1, 1 + releasedMerges).flatMap((line): Merge[] => {
		const [first, second, ...more] = line.split(' ')
		return first === undefined || second === undefined || more.length > 0 ? [] : [[first, second]]
	})
	if (merges.length !== releasedMerges) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`CLIP's vocabulary file should hold a heading and at least ${releasedMerges} lines of two symbols. ${advice}`,
		)
	}
	return merges
}

const advice = 'Give bpe_simple_vocab_16e6.txt.gz of openai/CLIP.'

function unpack(gzipped: Uint8Array): string {
	try {
		return gunzipSync(gzipped).toString('utf8')
	} catch (error) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`CLIP's vocabulary file could not be unpacked: ${(error as Error).message}. ${advice}`,
			{
				cause: error,
			},
		)
	}
}

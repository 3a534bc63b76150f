/** Records of image-text retrieval, with clean and with attacked images. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { evaluationSettingsShape } from './evaluation.js'
import { count, positive, seconds, sha256, share } from './parts/fields.js'
import { type RecordOf, recordKind, type SettingsOf } from './record-form.js'

const recall = z.strictObject({
	k: positive,
	recall: share.describe('Share of queries with a match among the first k.'),
	interval: z.tuple([share, share]).describe('95 % Wilson interval over queries.'),
	chance: z.number().describe('Expected recall of a random ranking.'),
})

/** The share of queries with a match among the first k. */
export type Recall = Immutable<z.output<typeof recall>>

const direction = z.strictObject({
	queries: count,
	candidates: count.describe('Number of ranked candidates.'),
	recalls: z.array(recall),
	medianRank: z.number().describe("Median of the queries' ranks; for an even number, the mean of the middle two."),
})

/** One direction of retrieval. */
export type DirectionResult = Immutable<z.output<typeof direction>>

const both = z.strictObject({ imageToText: direction, textToImage: direction })

/** Both directions of one condition. */
export type RetrievalResult = Immutable<z.output<typeof both>>

/** Records of retrieval. Ranks count from 1. */
export const retrievalKind = recordKind({
	title: 'a record of retrieval',
	doc: 'Recall of image-text retrieval, clean and with attacked images, with the rank of every query (naptune retrieve).',
	advice: 'Restore it, or measure again with naptune retrieve.',
	settings: {
		...evaluationSettingsShape,
		retrieval: z.strictObject({
			level: z
				.enum(['image', 'class'])
				.describe('`image`: captions of single images. `class`: every image of a class shares its captions.'),
			captions: count,
			gallery: sha256.describe('SHA-256 of the captions and their images.'),
			attacked: z.literal('images').describe('All images of the gallery are attacked; captions are not.'),
		}),
	},
	found: {
		clean: both,
		attacked: both,
		seconds: seconds.describe('Wall-clock time, summed over all processes that worked on it.'),
		threads: positive,
		batchSize: positive,
		images: z.array(
			z.strictObject({
				id: z.string(),
				own: z.array(count).describe('Positions of its captions.'),
				cleanRank: positive,
				attackedRank: positive,
			}),
		),
		captions: z.array(
			z.strictObject({
				text: z.string(),
				cleanRank: positive.nullable().describe('Null if no image of the gallery has the caption.'),
				attackedRank: positive.nullable(),
			}),
		),
	},
})

/** The settings that determine the ranks; JSON. */
export type RetrievalSettings = SettingsOf<typeof retrievalKind>

/** A finished retrieval. Ranks count from 1. */
export type RetrievalRecord = RecordOf<typeof retrievalKind>

/** Image-text retrieval as numbers: ranks from scores, recall from ranks. Independent of any model. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import type { DirectionResult, RetrievalResult } from '../../records/retrieval.js'
import { wilsonInterval } from '../../statistics/wilson.js'

export type { DirectionResult, Recall, RetrievalResult } from '../../records/retrieval.js'

/** Ranks of both directions, counted from 1. */
export interface RetrievalRanks {
	/** Per image: the rank of the best of its own captions among all captions. */
	readonly imageToText: readonly number[]
	/** Per caption: the rank of the best of its own images among all images; null for captions without an image here. */
	readonly textToImage: readonly (number | null)[]
}

/**
 * Ranks of the best own candidate of every image and caption. Candidates are ranked by score; ties go to the lower position,
 * so that ranks are the same on every run. Scores arrive as rows and are not kept: the function reads the rows twice.
 * @param rows Scores of one image with all captions, image by image; must return the same values at each call.
 * @param own Positions of every image's captions.
 * @param captions Number of captions.
 * @throws NaptuneError for a row of the wrong length, a score that is NaN, or a number of rows that differs from the number
 * of images.
 */
export async function retrievalRanks(
	rows: () => AsyncIterable<Float32Array>,
	own: readonly (readonly number[])[],
	captions: number,
): Promise<RetrievalRanks> {
	const imageToText: number[] = []
	const best: ({ readonly score: number; readonly image: number } | undefined)[] = new Array(captions).fill(undefined)
	for await (const row of rows()) {
		const image = imageToText.length
		checkRow(row, captions, image)
		imageToText.push(rankOfBest(row, own[image] ?? []))
		for (const caption of own[image] ?? []) {
			const score = at(row, caption)
			const known = best[caption]
			if (!known || score > known.score) best[caption] = { score, image }
		}
	}
	if (imageToText.length !== own.length) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`Got scores of ${imageToText.length} images for ${own.length} images with captions.`,
		)
	}
	const before = new Array<number>(captions).fill(0)
	let image = 0
	for await (const row of rows()) {
		for (const [caption, target] of best.entries()) {
			if (!target) continue
			const score = at(row, caption)
			if (score > target.score || (score === target.score && image < target.image)) before[caption]!++
		}
		image++
	}
	return { imageToText, textToImage: before.map((count, caption) => (best[caption] ? count + 1 : null)) }
}

function checkRow(row: Float32Array, captions: number, image: number): void {
	if (row.length !== captions) {
		throw new NaptuneError('NAP_ARGUMENT_INVALID', `Image ${image} has ${row.length} scores for ${captions} captions.`)
	}
	if (row.some(Number.isNaN)) {
		throw new NaptuneError(
			'NAP_VALUES_NOT_FINITE',
			`The scores of image ${image} are NaN. The model's weights or parameters are damaged, or training diverged.`,
		)
	}
}

function rankOfBest(row: Float32Array, own: readonly number[]): number {
	if (own.length === 0)
		throw new NaptuneError('NAP_ARGUMENT_INVALID', 'An image without captions cannot retrieve any; leave it out.')
	// Of own captions with equal scores, the first ranks highest.
	const target = own.reduce((best, caption) =>
		at(row, caption) > at(row, best) || (row[caption] === row[best] && caption < best) ? caption : best,
	)
	const score = at(row, target)
	let rank = 1
	for (let caption = 0; caption < row.length; caption++) {
		if (at(row, caption) > score || (row[caption] === score && caption < target)) rank++
	}
	return rank
}

/**
 * Recall, its intervals and the median rank of one direction.
 * @param ranks Ranks of the queries, from 1. @param relevant Number of own candidates per query, for the level of chance.
 * @param candidates Number of candidates. @param ks Each at least 1, in any order.
 * @throws NaptuneError for no queries, inconsistent numbers, or a k below 1.
 */
export function summarizeRanks(
	ranks: readonly number[],
	relevant: readonly number[],
	candidates: number,
	ks: readonly number[],
): DirectionResult {
	const queries = ranks.length
	if (queries === 0 || relevant.length !== queries) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`Recall needs queries; got ${queries} ranks and ${relevant.length} numbers of own candidates.`,
		)
	}
	const sorted = [...ranks].sort((a, b) => a - b)
	const middle = Math.floor(queries / 2)
	return {
		queries,
		candidates,
		recalls: ks.map((k) => {
			if (!Number.isInteger(k) || k < 1)
				throw new NaptuneError('NAP_ARGUMENT_INVALID', `Recall at k needs a whole number k >= 1; got ${k}.`)
			const found = ranks.filter((rank) => rank <= k).length
			const chance = relevant.reduce((sum, own) => sum + chanceOf(own, candidates, k), 0) / queries
			return { k, recall: found / queries, interval: wilsonInterval(found, queries), chance }
		}),
		medianRank: queries % 2 === 1 ? at(sorted, middle) : (at(sorted, middle - 1) + at(sorted, middle)) / 2,
	}
}

/** Probability that one of `own` among `candidates` is among the first k in a random order. */
function chanceOf(own: number, candidates: number, k: number): number {
	let missed = 1
	for (let drawn = 0; drawn < Math.min(k, candidates); drawn++) {
		missed *= Math.max(0, candidates - own - drawn) / (candidates - drawn)
	}
	return 1 - missed
}

/** Recall of both directions; captions without an image are not queries. */
export function summarizeRetrieval(
	{ imageToText, textToImage }: RetrievalRanks,
	own: readonly (readonly number[])[],
	ks: readonly number[],
): RetrievalResult {
	const images = new Array<number>(textToImage.length).fill(0)
	for (const captions of own) for (const caption of captions) images[caption]!++
	const asked = textToImage.flatMap((rank, caption) => (rank === null ? [] : [{ rank, images: at(images, caption) }]))
	return {
		imageToText: summarizeRanks(
			imageToText,
			own.map(({ length }) => length),
			textToImage.length,
			ks,
		),
		textToImage: summarizeRanks(
			asked.map(({ rank }) => rank),
			asked.map((one) => one.images),
			own.length,
			ks,
		),
	}
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wilsonInterval } from '../../statistics/wilson.js'
import { retrievalRanks, summarizeRanks, summarizeRetrieval } from './retrieval.js'

const rowsOf = (matrix: readonly (readonly number[])[]) =>
	async function* () {
		for (const row of matrix) yield Float32Array.from(row)
	}

describe('retrievalRanks', () => {
	it('are those counted by hand, with several own captions and shared ones', async () => {
		const scores = [
			[0.9, 0.1, 0.5, 0.2],
			[0.8, 0.7, 0.3, 0.1],
			[0.2, 0.6, 0.4, 0.3],
		]
		// The best own caption of image 0 is 2 (second), of image 1 is 1 (second), of image 2 is 1 (first).
		// Caption 1 is best with image 1 (first), 2 with image 0 (first), 3 with image 2 (first); 0 is nobody's.
		expect(await retrievalRanks(rowsOf(scores), [[2, 3], [1], [1, 3]], 4)).toEqual({
			imageToText: [2, 2, 1],
			textToImage: [null, 1, 1, 1],
		})
	})

	it('of equal scores the lower position comes first', async () => {
		const equal = [
			[1, 1, 1],
			[1, 1, 1],
			[1, 1, 1],
		]
		expect(await retrievalRanks(rowsOf(equal), [[0], [1], [2]], 3)).toEqual({
			imageToText: [1, 2, 3],
			textToImage: [1, 2, 3],
		})
		expect(await retrievalRanks(rowsOf(equal), [[2, 1], [1], [0]], 3)).toEqual({
			imageToText: [2, 2, 1],
			textToImage: [3, 1, 1],
		})
	})

	it('agree with sorting', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 1, max: 6 }),
				fc.integer({ min: 2, max: 7 }),
				fc.infiniteStream(fc.integer({ min: 0, max: 4 })),
				async (images, captions, stream) => {
					const next = () => stream.next().value as number
					const scores = Array.from({ length: images }, () => Array.from({ length: captions }, next))
					const own = scores.map(() => [...new Set([next() % captions, next() % captions])])
					const found = await retrievalRanks(rowsOf(scores), own, captions)
					const firstOf = (values: readonly number[], wanted: readonly number[]) =>
						[...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b).findIndex((at) => wanted.includes(at)) +
						1
					expect(found.imageToText).toEqual(scores.map((row, image) => firstOf(row, own[image]!)))
					for (let caption = 0; caption < captions; caption++) {
						const theirs = [...own.keys()].filter((image) => own[image]!.includes(caption))
						const column = scores.map((row) => row[caption]!)
						expect(found.textToImage[caption]).toBe(theirs.length === 0 ? null : firstOf(column, theirs))
					}
				},
			),
		)
	})

	it('refuses scores that are no numbers or too few', async () => {
		await expect(retrievalRanks(rowsOf([[1, Number.NaN]]), [[0]], 2)).rejects.toThrow(/NaN/)
		await expect(retrievalRanks(rowsOf([[1]]), [[0]], 2)).rejects.toThrow(/1 scores for 2 captions/)
		await expect(retrievalRanks(rowsOf([[1, 2]]), [[0], [1]], 2)).rejects.toThrow(/1 images for 2/)
		await expect(retrievalRanks(rowsOf([[1, 2]]), [[]], 2)).rejects.toThrow(/without captions/)
	})
})

describe('recall', () => {
	it('counts ranks up to k and takes the middle rank', () => {
		const { recalls, medianRank, queries } = summarizeRanks([1, 3, 10, 2], [1, 1, 1, 1], 20, [1, 5, 10])
		expect(queries).toBe(4)
		expect(recalls.map(({ recall }) => recall)).toEqual([1 / 4, 3 / 4, 1])
		expect(recalls[1]?.interval).toEqual(wilsonInterval(3, 4))
		expect(medianRank).toBe(2.5)
		expect(summarizeRanks([7, 1, 4], [1, 1, 1], 20, [1]).medianRank).toBe(4)
		expect(() => summarizeRanks([1], [1], 2, [0])).toThrow(/k >= 1/)
		expect(() => summarizeRanks([], [], 2, [1])).toThrow(/queries/)
	})

	it('knows what a random order would give', () => {
		// One of two of five among the first two: 1 - (3/5)(2/4).
		expect(summarizeRanks([1], [2], 5, [2]).recalls[0]?.chance).toBeCloseTo(0.7, 12)
		expect(summarizeRanks([1, 1], [1, 4], 4, [1]).recalls[0]?.chance).toBeCloseTo((0.25 + 1) / 2, 12)
		expect(summarizeRanks([1], [1], 3, [10]).recalls[0]?.chance).toBe(1)
	})

	it('asks only captions that some image has', () => {
		const ranks = { imageToText: [1, 2], textToImage: [null, 1, 2] }
		const { imageToText, textToImage } = summarizeRetrieval(ranks, [[1], [1, 2]], [1])
		expect(imageToText).toMatchObject({ queries: 2, candidates: 3, recalls: [{ recall: 0.5 }] })
		expect(textToImage).toMatchObject({ queries: 2, candidates: 2, recalls: [{ recall: 0.5 }] })
		// Image 0 has one of 3 captions, image 1 two; caption 1 has both images, caption 2 one of two.
		expect(imageToText.recalls[0]?.chance).toBeCloseTo((1 / 3 + 2 / 3) / 2, 12)
		expect(textToImage.recalls[0]?.chance).toBeCloseTo((1 + 1 / 2) / 2, 12)
	})
})

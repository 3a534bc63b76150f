/** Recall of several models as a table. */

import type { JobResult } from '../../jobs/job.js'
import type { retrieve } from '../../jobs/retrieve.js'
import type { DirectionResult } from '../../records/retrieval.js'
import { grouped, percent, percentInterval } from './format.js'
import { textTable } from './table.js'

/** Both directions, clean and attacked, for every model with 95 % intervals, and the level of chance. */
export function recallTable(models: JobResult<typeof retrieve>['rows']): string {
	const [first] = models
	const ks = first?.clean.imageToText.recalls.map(({ k }) => k) ?? []
	const columns = [
		{ heading: 'defense' },
		{ heading: 'direction' },
		{ heading: 'images' },
		...ks.map((k) => ({ heading: `recall@${k} [95 %]`, align: 'right' as const })),
		{ heading: 'median rank', align: 'right' as const },
		{ heading: 'n', align: 'right' as const },
	]
	const line = (defense: string, direction: string, images: string, result: DirectionResult) => [
		defense,
		direction,
		images,
		...result.recalls.map(({ recall, interval }) => `${percent(recall)} ${percentInterval(interval)}`),
		`${result.medianRank} of ${grouped(result.candidates)}`,
		grouped(result.queries),
	]
	const chance = (direction: string, { recalls, candidates }: DirectionResult) => [
		'chance',
		direction,
		'',
		...recalls.map((one) => percent(one.chance)),
		`of ${grouped(candidates)}`,
		'',
	]
	const rows = models.flatMap(({ defense, clean, attacked }) => [
		line(defense, 'image to text', 'clean', clean.imageToText),
		line(defense, 'image to text', 'attacked', attacked.imageToText),
		line(defense, 'text to image', 'clean', clean.textToImage),
		line(defense, 'text to image', 'attacked', attacked.textToImage),
	])
	return textTable(columns, [
		...rows,
		...(first
			? [chance('image to text', first.clean.imageToText), chance('text to image', first.clean.textToImage)]
			: []),
	])
}

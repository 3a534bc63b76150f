/** Lists the attacker's models behind each row, and how good they are. */

import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { settingLine } from '../html/sections/setting-text.js'
import { percentText } from '../number-text.js'
import { emptyCell, headerCell } from './accuracy-cells.js'
import { modelName } from './places.js'
import type { ReportTable } from './table.js'

/** A row for every surrogate of every condition on every data set; none if all images were made on the attacked model. */
export function surrogateTables(result: ExperimentResult): ReportTable[] {
	const { surrogates = [], conditions } = result
	if (surrogates.length === 0) return []
	const rows = surrogates.flatMap(({ model, dataset, condition, models, weakBelow }) =>
		models.map(({ name, sha256, accuracy, images, reads }) => ({
			group: conditions.find((one) => one.name === condition)?.title ?? condition,
			cells: [
				headerCell(name),
				{ text: dataset },
				...(result.models.length > 1 ? [{ text: modelName(result, model) }] : []),
				{ text: sha256.slice(0, 12) },
				accuracy === undefined ? emptyCell : { text: percentText(accuracy), value: accuracy },
				{ text: String(images), value: images },
				{ text: accuracy === undefined ? 'features only' : accuracy < weakBelow ? 'weak' : 'no' },
				{ text: reads ? settingLine(reads) : emptyCell.text },
			],
		})),
	)
	const [{ weakBelow } = { weakBelow: 0 }] = surrogates
	return [
		{
			name: 'surrogates',
			title: `${result.title}: models of the attacker`,
			notes: [
				`Accuracy of each surrogate on the clean versions of the attacked test images. Below ${percentText(weakBelow)} it is weak, and its images say little about a better attacker. The images are made once for all methods.`,
			],
			columns: [
				...['surrogate', 'data set', ...(result.models.length > 1 ? ['for'] : []), 'SHA-256'].map((title) => ({
					title,
					align: 'left' as const,
				})),
				...['accuracy', 'images'].map((title) => ({ title, align: 'right' as const })),
				...['weak', 'reads'].map((title) => ({ title, align: 'left' as const })),
			],
			rows,
		},
	]
}

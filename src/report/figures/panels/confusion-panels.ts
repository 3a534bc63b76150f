/** Draws confusions as panels: whole matrices, or the most confused pairs. */

import { at } from '../../../core/at.js'
import { type ConfusedModel, type Confusion, confusedPairs } from './confusion.js'
import { heatPanel } from './heat-panel.js'
import { panelTitle } from './layout.js'

/** Width of a panel of pairs. */
const pairWidth = 380

/** Pairs per model. */
const mostPairs = 15

/** Width of a square of a matrix. */
export function squareSize(classNames: readonly string[]): number {
	return classNames.length > 12 ? 24 : 30
}

/** For each model, a matrix of clean images and one under attack. */
export function confusionPanels(models: readonly ConfusedModel[], classNames: readonly string[]) {
	const size = squareSize(classNames)
	const panel = ({ counts, images }: Confusion, title: string) =>
		heatPanel({
			cells: counts.flatMap((row, label) =>
				row.map((count, prediction) => {
					const share = images[label] === 0 ? 0 : count / at(images, label)
					return {
						row: at(classNames, label),
						column: at(classNames, prediction),
						share,
						text: count === 0 ? '' : shareText(share),
					}
				}),
			),
			rows: classNames,
			columns: classNames,
			title,
			rowTitle: 'class',
			columnTitle: 'mistaken for',
			width: size,
			height: size,
			turned: true,
		})
	return models.flatMap(({ title, clean, attacked }) => [
		panel(clean, `${title}, clean`),
		panel(attacked, `${title}, attacked`),
	])
}

/** A share above 0 in percent, never rounded down to 0. */
function shareText(share: number): string {
	return share < 0.005 ? '<1' : (100 * share).toFixed(0)
}

/** For each model, the pairs with the most images under attack, and the same pairs on clean images. */
export function pairPanels(models: readonly ConfusedModel[], classNames: readonly string[]) {
	return models.map(({ title, clean, attacked }) => {
		const pairs = confusedPairs(attacked).slice(0, mostPairs)
		const names = pairs.map(
			({ label, prediction }) => `${shortened(at(classNames, label))} → ${shortened(at(classNames, prediction))}`,
		)
		const most = Math.max(1, ...pairs.map(({ images }) => images))
		const values = pairs.flatMap(({ label, prediction, images }, index) => [
			{ pair: index, images, which: 'attacked' },
			{ pair: index, images: at(at(clean.counts, label), prediction), which: 'clean' },
		])
		const y = {
			field: 'pair',
			type: 'nominal' as const,
			title: null,
			scale: { domain: [...names.keys()] },
			axis: {
				labelExpr: `${JSON.stringify(names)}[datum.value]`,
				labelLimit: 0,
				labelPadding: 10,
				ticks: false,
				grid: true,
			},
		}
		const x = (field: string) => ({
			field,
			type: 'quantitative' as const,
			title: 'images',
			scale: { domain: [0, most], nice: true },
			axis: { tickMinStep: 1, format: 'd' },
		})
		const which = { field: 'which', type: 'nominal' as const }
		const domain = ['clean', 'attacked']
		const legend = { title: null, orient: 'top' as const }
		return {
			data: { values },
			width: pairWidth,
			height: { step: 17 },
			title: panelTitle(title, pairWidth),
			mark: { type: 'point' as const, filled: true, size: 60, opacity: 1 },
			encoding: {
				y,
				x: x('images'),
				color: { ...which, scale: { domain, range: ['#6F6F6F', '#D55E00'] }, legend },
				shape: { ...which, scale: { domain, range: ['circle', 'square'] }, legend },
			},
		}
	})
}

function shortened(name: string): string {
	return name.length > 28 ? `${name.slice(0, 27)}…` : name
}

/** Draws the learning curves of a tuning run. */

import type { TopLevelSpec } from 'vega-lite'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { RunInspection } from '../evaluation/deployed/inspect-run.js'
import type { EpochPoint } from '../evaluation/deployed/learning-curves.js'
import type { Figure } from './figure.js'
import { figureConfig, grid, textLines } from './figure-style.js'
import { type LinePoint, linePanel } from './line-panel.js'

/** Fields of an epoch that have a curve. */
export type CurveField = Exclude<keyof EpochPoint, 'epoch' | 'images'>

const clean = 'clean'
const attacked = 'under the inner attack'
const schedule = 'schedule'

interface Panel {
	readonly title: string
	readonly format?: string
	/** Largest value of an axis that begins at 0; by default the axis fits the curves. */
	readonly most?: (values: readonly number[]) => number
	readonly curves: readonly (readonly [string, CurveField])[]
}

/** Approximate number of symbols per line. */
const symbols = 15

const panels: readonly Panel[] = [
	{
		title: 'cross entropy',
		curves: [
			[clean, 'cleanLoss'],
			[attacked, 'adversarialLoss'],
		],
	},
	{
		title: 'accuracy',
		format: '.0%',
		most: () => 1,
		curves: [
			[clean, 'cleanAccuracy'],
			[attacked, 'adversarialAccuracy'],
		],
	},
	{ title: 'alpha', most: aboveLargest, curves: [[schedule, 'alpha']] },
	{ title: 'learning rate', format: '.1e', most: aboveLargest, curves: [[schedule, 'learningRate']] },
]

/**
 * Losses and accuracies on the training images, and the schedules, over epochs counted from 1.
 * @param protocol One line: method, images, epsilon and seed.
 * @throws NaptuneError when no epoch is finished.
 */
export function learningCurvesFigure(
	{ directory, epochs }: Pick<RunInspection, 'directory' | 'epochs'>,
	protocol: string,
): Figure {
	if (epochs.length === 0) {
		throw new NaptuneError(
			'NAP_RUN_UNFINISHED',
			`The run in ${directory} has not finished an epoch, so there are no curves to draw yet.`,
		)
	}
	const pointsOf = ([line, field]: readonly [string, CurveField]): LinePoint[] =>
		epochs.flatMap((epoch, index) => {
			const value = epoch[field]
			const marked = index % Math.ceil(epochs.length / symbols) === 0
			return value === null ? [] : [{ line, x: epoch.epoch + 1, y: value, marked }]
		})
	const lines = [clean, attacked, schedule].filter((line) =>
		panels.some(({ curves }) => curves.some((curve) => curve[0] === line && pointsOf(curve).length > 0)),
	)
	return {
		title: {
			text: 'Learning curves',
			subtitle: [protocol, 'Means over the training images of an epoch, while the parameters change.'].flatMap((line) =>
				textLines(line),
			),
		},
		config: figureConfig,
		...grid(2, 84),
		concat: panels.map(({ title, format, most, curves }) => {
			const points = curves.flatMap(pointsOf)
			return linePanel({
				points,
				lines,
				yTitle: [title],
				...defined({ yDomain: most ? ([0, most(points.map(({ y }) => y))] as const) : undefined, yFormat: format }),
				xTitle: 'epoch',
				width: 320,
				height: 170,
			})
		}),
	} satisfies TopLevelSpec
}

function aboveLargest(values: readonly number[]): number {
	const largest = Math.max(...values)
	return largest > 0 ? 1.05 * largest : 1
}

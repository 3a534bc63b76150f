/** Makes the report figure of a run's learning curves. */

import { at, last } from '../../core/at.js'
import type { EpochPoint } from '../../evaluation/deployed/learning-curves.js'
import { type CurveField, learningCurvesFigure } from '../learning-curves-figure.js'
import type { ReportTable } from '../tables/table.js'
import type { ReportFigure } from './report-figure.js'

const fields: readonly {
	readonly field: CurveField
	readonly title: string
	readonly text: (value: number) => string
}[] = [
	{ field: 'cleanLoss', title: 'clean loss', text: (value) => value.toFixed(3) },
	{ field: 'adversarialLoss', title: 'adversarial loss', text: (value) => value.toFixed(3) },
	{ field: 'cleanAccuracy', title: 'clean accuracy', text: (value) => `${(100 * value).toFixed(1)} %` },
	{ field: 'adversarialAccuracy', title: 'adversarial accuracy', text: (value) => `${(100 * value).toFixed(1)} %` },
	{ field: 'alpha', title: 'alpha', text: (value) => value.toFixed(3) },
	{ field: 'learningRate', title: 'learning rate', text: (value) => value.toExponential(1) },
]

/** A run with its curves. */
export interface LearningRun {
	readonly directory: string
	/** At least one. */
	readonly epochs: readonly EpochPoint[]
}

/**
 * @param name Stem of its files. @param title Such as `Learning curves of NAP`. @param protocol One line: method, images and
 * seed.
 * @throws NaptuneError when no epoch is finished.
 */
export function learningReport(run: LearningRun, name: string, title: string, protocol: string): ReportFigure {
	const figure = learningCurvesFigure(run, protocol)
	const { epochs } = run
	const measured = fields.filter(({ field }) => epochs.some((epoch) => epoch[field] !== null))
	const changes = measured
		.filter(({ field }) => field !== 'learningRate')
		.flatMap(({ field, title: what, text }) => {
			const values = epochs.flatMap((epoch) => epoch[field] ?? [])
			const [start, end] = [text(at(values, 0)), text(last(values))]
			if (epochs.length === 1) return [`${what} is ${start}`]
			return start === end ? [`${what} stays at ${start}`] : [`${what} goes from ${start} to ${end}`]
		})
	return {
		name,
		title,
		sentence: `${epochs.length === 1 ? 'In epoch 1' : `From epoch 1 to epoch ${epochs.length}`}: ${changes.join(', ')}.`,
		figure,
		table: epochTable(epochs, measured, name, title),
	}
}

function epochTable(epochs: readonly EpochPoint[], measured: typeof fields, name: string, title: string): ReportTable {
	return {
		name,
		title,
		notes: ['Means over the training images of an epoch, while the parameters change.'],
		columns: ['epoch', ...measured.map(({ title: what }) => what)].map((text) => ({ title: text, align: 'right' })),
		rows: epochs.map((epoch) => ({
			cells: [
				{ text: String(epoch.epoch + 1), header: true },
				...measured.map(({ field, text }) => {
					const value = epoch[field]
					return value === null ? { text: '\u2013' } : { text: text(value), value }
				}),
			],
		})),
	}
}

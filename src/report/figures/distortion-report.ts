/** Makes the report figure of distortion by layer. */

import { last } from '../../core/at.js'
import type { Distortion } from '../../evaluation/distortion/distortion.js'
import type { LayerDistortion } from '../../evaluation/distortion/distortion-samples.js'
import type { DistortionRecord } from '../../evaluation/distortion/recorded-distortion.js'
import type { Estimate } from '../../statistics/mean-interval.js'
import { distortionFigure, perturbationTitle } from '../distortion-figure.js'
import { percentText } from '../number-text.js'
import type { ReportTable, TableCell } from '../tables/table.js'
import type { ReportFigure } from './report-figure.js'

/**
 * @param name Stem of its files. @param title Such as `Distortion by layer`. @param protocol One line: images, epsilon,
 * attack, seed.
 */
export function distortionReport(
	record: DistortionRecord,
	name: string,
	title: string,
	protocol: string,
): ReportFigure {
	return {
		name,
		title,
		sentence: sentenceOf(record),
		figure: distortionFigure(record, protocol),
		table: layersTable(record, name, title),
	}
}

/** Summarises, for each model under its own attack, the output of its last block. */
function sentenceOf({ measurements, attack }: DistortionRecord): string {
	const own = measurements.filter(({ tower, perturbation }) => tower === perturbation)
	const parts = own.flatMap(({ tower, layers }) => {
		const { relative } = last(layers).after.tokens
		return relative ? [`of ${tower} by ${percentText(relative.mean)} of their clean norm`] : []
	})
	return `${attack.name} against each model itself moves the tokens after the last block ${parts.join(', and ')}.`
}

function layersTable({ measurements, attack }: DistortionRecord, name: string, title: string): ReportTable {
	const classToken = measurements.some(({ layers }) => layers.some(({ before }) => before.classToken))
	return {
		name,
		title,
		notes: [
			'Distance of all tokens from the clean ones, divided by their clean norm: means over images with 95 % intervals. Before and after the refiner of the block that they enter; equal without a refiner.',
		],
		columns: [
			{ title: 'layer', align: 'left' },
			...['before', 'after', ...(classToken ? ['class token before', 'class token after'] : [])].map((text) => ({
				title: text,
				align: 'right' as const,
			})),
		],
		rows: measurements.flatMap((one) => rowsOf(one, attack.name)),
	}
}

function rowsOf({ tower, perturbation, layers }: Distortion, attack: string): ReportTable['rows'] {
	const group = `${tower} under ${perturbationTitle(perturbation, attack)}`
	return layers.map((layer: LayerDistortion, index) => ({
		group,
		cells: [
			{ text: index === layers.length - 1 ? 'out' : String(layer.layer), header: true },
			...[layer.before.tokens, layer.after.tokens, layer.before.classToken, layer.after.classToken].flatMap(
				(distance) => (distance ? [estimateCell(distance.relative)] : []),
			),
		],
	}))
}

function estimateCell(estimate: Estimate | null): TableCell {
	if (!estimate) return { text: '\u2013' }
	const [low, high] = estimate.interval
	return { text: share(estimate.mean), value: estimate.mean, detail: `[${share(low)}, ${share(high)}]` }
}

function share(value: number): string {
	return value.toPrecision(3)
}

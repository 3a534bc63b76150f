/** Draws distortion by layer: one column per perturbation, one line per model before and after its refiners. */

import type { TopLevelSpec } from 'vega-lite'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import type { Distortion } from '../evaluation/distortion/distortion.js'
import { noise } from '../evaluation/distortion/distortion.js'
import type { DistanceEstimate, LayerDistortion } from '../evaluation/distortion/distortion-samples.js'
import type { DistortionRecord } from '../evaluation/distortion/recorded-distortion.js'
import type { Estimate } from '../statistics/mean-interval.js'
import type { Figure } from './figure.js'
import { figureConfig, grid, textLines } from './figure-style.js'
import { type LinePoint, linePanel } from './line-panel.js'

/** A row of panels. */
interface Quantity {
	readonly title: readonly string[]
	/** Of the class token, which some towers do not have; else of all tokens. */
	readonly of?: 'classToken'
	readonly read: (place: LayerDistortion['before']) => Estimate | null
	/** Where image features come from the class token: theirs. */
	readonly features?: (distance: DistanceEstimate) => Estimate | null
	/** Theirs where they are pooled from all tokens. */
	readonly pooled?: (distance: DistanceEstimate) => Estimate | null
}

const distances: readonly Quantity[] = [
	{ title: ['RMS distance,', 'all tokens'], read: ({ tokens }) => tokens.absolute },
	{
		title: ['distance / clean norm,', 'all tokens'],
		read: ({ tokens }) => tokens.relative,
		pooled: ({ relative }) => relative,
	},
	{
		title: ['distance / clean norm,', 'class token'],
		of: 'classToken',
		read: ({ classToken }) => classToken?.relative ?? null,
		features: ({ relative }) => relative,
	},
	{
		title: ['distance / spread,', 'all tokens'],
		read: ({ tokens }) => tokens.overSpread,
		pooled: ({ overSpread }) => overSpread,
	},
	{
		title: ['distance / spread,', 'class token'],
		of: 'classToken',
		read: ({ classToken }) => classToken?.overSpread ?? null,
		features: ({ overSpread }) => overSpread,
	},
]
const norms: readonly Quantity[] = [
	{ title: ['clean norm, all'], read: ({ tokens }) => tokens.norm },
	{ title: ['clean norm, class'], of: 'classToken', read: ({ classToken }) => classToken?.norm ?? null },
]
const explanation = [
	'Means over images with 95 % bands. Layer: the block that the tokens enter, from 0; out: output of the last block; feat.: image feature.',
	'Spread: root mean square distance of clean tokens of different images to their mean.',
]

/** The name of a perturbation for people. @param name As in {@link Distortion}. */
export function perturbationTitle(name: string, attack: string): string {
	return name === noise ? 'uniform noise' : `${attack} against ${name}`
}

/**
 * The figure of a record. Bands are 95 % intervals of means over images.
 * @param protocol One line: images, epsilon, attack and seed.
 */
export function distortionFigure(record: DistortionRecord, protocol: string): Figure {
	const { measurements, attack, models } = record
	const refining = new Set(measurements.flatMap(({ tower, layers }) => (layers.some(isRefined) ? [tower] : [])))
	const lines = models.flatMap(({ name }) => (refining.has(name) ? [sideName(name, 0), sideName(name, 1)] : [name]))
	const classToken = measurements.some(({ layers }) => layers.some(({ before }) => before.classToken))
	const shown = (quantities: readonly Quantity[]) => (classToken ? quantities : quantities.flatMap(withoutClassToken))
	const perturbations = [...new Set(measurements.map(({ perturbation }) => perturbation))]
	const names = at(measurements, 0).layers.map(({ layer }, index, all) =>
		index === all.length - 1 ? 'out' : String(layer),
	)
	const row = (quantity: Quantity, of: readonly string[], titled: boolean) => {
		const points = (perturbation: string) =>
			measurements
				.filter((one) => one.perturbation === perturbation)
				.flatMap((one) => pointsOf(one, quantity, names, refining.has(one.tower)))
		// All columns share one scale.
		const most = Math.max(...of.flatMap(points).map(({ high = 0 }) => high))
		return of.map((perturbation, column) =>
			linePanel({
				points: points(perturbation),
				lines,
				...defined({ title: titled ? perturbationTitle(perturbation, attack.name) : undefined }),
				yTitle: column === 0 ? quantity.title : [],
				yDomain: [0, most > 0 ? 1.05 * most : 1],
				xTitle: 'layer',
				xNames: quantity.features ? [...names, 'feat.'] : names,
				width: 230,
				height: 135,
			}),
		)
	}
	return {
		title: {
			text: 'Distortion of image tokens by layer',
			subtitle: [protocol, ...explanation].flatMap((line) => textLines(line)),
		},
		config: figureConfig,
		...grid(perturbations.length),
		concat: [
			...shown(distances).flatMap((quantity, position) => row(quantity, perturbations, position === 0)),
			...shown(norms).flatMap((quantity) => row(quantity, perturbations.slice(0, 1), false)),
		],
	} satisfies TopLevelSpec
}

/** As it is drawn for towers without a class token. */
function withoutClassToken({ of, title, read, pooled }: Quantity): Quantity[] {
	return of === 'classToken' ? [] : [{ title, read, ...defined({ features: pooled }) }]
}

function isRefined({ refined }: LayerDistortion): boolean {
	return refined
}

function sideName(model: string, side: 0 | 1): string {
	return `${model}, ${side === 0 ? 'before' : 'after'} the refiner`
}

function pointsOf(one: Distortion, quantity: Quantity, names: readonly string[], refines: boolean): LinePoint[] {
	const sides = refines ? ([0, 1] as const) : ([0] as const)
	return sides.flatMap((side) => {
		const line = refines ? sideName(one.tower, side) : one.tower
		const point = (x: string, estimate: Estimate | null): LinePoint[] => {
			if (!estimate) return []
			const [low, high] = estimate.interval
			return [{ line, x, y: estimate.mean, low, high }]
		}
		return [
			...one.layers.flatMap(({ before, after }, index) =>
				point(at(names, index), quantity.read(side === 0 ? before : after)),
			),
			...(quantity.features ? point('feat.', quantity.features(one.features)) : []),
		]
	})
}

/** A distortion measurement as tables: one per perturbation, and the norms that relative distances depend on. */

import { at } from '../../core/at.js'
import { protocolText } from '../../jobs/common/protocol-text.js'
import type { distortion } from '../../jobs/distortion.js'
import type { JobResult } from '../../jobs/job.js'
import type { Distortion, LayerDistortion } from '../../records/distortion.js'
import { perturbationTitle } from '../../report/distortion-figure.js'
import type { Estimate } from '../../statistics/mean-interval.js'
import { percent, percentInterval } from './format.js'
import { type Column, textTable } from './table.js'

/** All tables with an explanation above each, and the location of record and figure. */
export function distortionText(result: JobResult<typeof distortion>): string {
	const { measurements, attack, models, record, figures } = result
	const perturbations = [...new Set(measurements.map(({ perturbation }) => perturbation))]
	const under = (name: string) =>
		models.flatMap((model) => measurements.filter((one) => one.tower === model && one.perturbation === name))
	return [
		...(hasClassToken(at(measurements, 0))
			? [
					'Distances of perturbed to clean tokens, mean over images ± half a 95 % interval; first of class token and patches',
					'together (without prompts), then of the class token alone. A layer is the block that the tokens enter, counted from 0;',
					'"out" leaves the last block.',
				]
			: [
					'Distances of perturbed to clean patch tokens (without prompts), mean over images ± half a 95 % interval; the tower has',
					'no class token. A layer is the block that the tokens enter, counted from 0; "out" leaves the last block, "feature" is',
					'the image feature that is pooled from all of it.',
				]),
		...perturbations.flatMap((name) => [
			'',
			`Under ${perturbationTitle(name, attack)}: ${under(name).map(accuracy).join('; ')}`,
			'',
			'relative to the norm of the clean tokens',
			distanceTable(under(name), (place) => place.relative, true),
			'',
			'relative to how much clean tokens differ between images',
			distanceTable(under(name), (place) => place.overSpread, true),
		]),
		'',
		'Norms of the clean tokens (root mean square): where they grow, relative distances fall',
		'',
		distanceTable(under(at(perturbations, 0)), (place) => place.norm, false),
		'',
		`${protocolText(result, { name: attack })}; record and figure:`,
		...[record, ...figures].map((file) => `  ${file}`),
	].join('\n')
}

function accuracy({ tower, clean, perturbed }: Distortion): string {
	return `${tower} right ${percent(clean.accuracy).trim()} clean, ${percent(perturbed.accuracy).trim()} ${percentInterval(perturbed.interval)} perturbed`
}

type Place = LayerDistortion['before']
type Read = (distance: Place['tokens']) => Estimate | null
interface Side {
	readonly heading: string
	readonly of: Distortion
	readonly place: (layer: LayerDistortion) => Place
}

function distanceTable(models: readonly Distortion[], read: Read, features: boolean): string {
	const sides = models.flatMap((of): Side[] => {
		const before: Side = { heading: of.tower, of, place: (layer) => layer.before }
		if (!of.layers.some(({ refined }) => refined)) return [before]
		return [
			{ ...before, heading: `${of.tower} before` },
			{ heading: `${of.tower} after`, of, place: (layer) => layer.after },
		]
	})
	const classToken = hasClassToken(at(models, 0))
	const columns: Column[] = [
		{ heading: 'layer' },
		...sides.map(({ heading }): Column => ({ heading: `${heading}`, align: 'right' })),
		...(classToken ? sides.map(({ heading }): Column => ({ heading: `class: ${heading}`, align: 'right' })) : []),
	]
	const { layers } = at(models, 0)
	const rows = layers.map(({ layer }, row) => [
		row === layers.length - 1 ? 'out' : String(layer),
		...sides.map(({ of, place }) => estimate(read(place(at(of.layers, row)).tokens))),
		...(classToken ? sides.map(({ of, place }) => classEstimate(read, place(at(of.layers, row)))) : []),
	])
	const last = [
		'feature',
		...(classToken ? sides.map(() => '') : []),
		...sides.map(({ of }) => estimate(read(of.features))),
	]
	return textTable(columns, features ? [...rows, last] : rows)
}

function hasClassToken({ layers }: Distortion): boolean {
	return layers.some(({ before }) => before.classToken !== undefined)
}

function classEstimate(read: Read, { classToken }: Place): string {
	return classToken ? estimate(read(classToken)) : ''
}

function estimate(value: Estimate | null): string {
	if (!value) return ''
	const { mean, interval } = value
	const digits = mean >= 10 ? 2 : mean >= 1 ? 3 : 4
	return `${mean.toFixed(digits)} ±${((interval[1] - interval[0]) / 2).toFixed(digits)}`
}

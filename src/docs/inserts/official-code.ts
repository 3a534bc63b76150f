/** AutoAttack compared with the official code: which images remain, and how long it takes. */

import { z } from 'zod'
import { entry } from '../../core/at.js'
import { grouped } from '../../report/number-text.js'
import { table } from '../markdown.js'
import type { Insert } from '../markers.js'
import { rootText } from '../root.js'

const right = z.record(z.string(), z.number())
const sides = z.object({ right, officialRight: right })
const paritySchema = z.object({
	results: z.record(
		z.enum(['linf', 'l2']),
		z.object({ standard: sides, alone: z.object({ 'fab-t': sides, square: sides }) }),
	),
})

const side = z.object({ wall: z.number(), forwards: z.number(), backwards: z.number() })
const pair = { ours: side, official: side }
const benchSchema = z.object({
	passes: z.record(z.string(), z.object(pair)),
	stages: z.record(z.string(), z.object({ images: z.number(), ...pair })),
	right: z.number(),
	total: z.object(pair),
})

export const officialCodeInserts: Readonly<Record<string, Insert>> = {
	'parity table': async () => {
		const { results } = paritySchema.parse(JSON.parse(await rootText('results/autoattack-parity.json')))
		const both = ({ right: ours, officialRight }: z.output<typeof sides>, stage: string) =>
			`${entry(ours, stage)} / ${entry(officialRight, stage)}`
		const norms = [
			['L-infinity, 4/255', results.linf],
			['L2, 0.5', results.l2],
		] as const
		return table(
			['norm', 'clean', 'APGD-CE', 'APGD-T', 'FAB-T', 'Square', 'FAB-T alone', 'Square alone'],
			norms.map(([norm, { standard, alone }]) => [
				norm,
				...['clean', 'apgd-ce', 'apgd-t', 'fab-t', 'square'].map((stage) => both(standard, stage)),
				both(alone['fab-t'], 'fab-t'),
				both(alone.square, 'square'),
			]),
		)
	},
	'official time table': async () => {
		const {
			passes,
			stages,
			right: images,
			total,
		} = benchSchema.parse(JSON.parse(await rootText('results/autoattack-bench.json')))
		const align = (heading: string) => ({ heading, align: 'right' as const })
		return table(
			['what', ...['ours', 'official', 'ratio', 'forward passes', 'backward passes'].map(align)],
			[
				// Times for one image; all passes of these measurements are of one kind.
				...Object.entries(passes).map(([what, { ours, official }]) => [
					passText(what),
					milliseconds(ours.wall / ours.forwards),
					milliseconds(official.wall / official.forwards),
					(official.wall / official.forwards / (ours.wall / ours.forwards)).toFixed(2),
					'',
					'',
				]),
				...[...Object.entries(stages), ['all', { images, ...total }] as const].map(
					([stage, { images: tried, ours, official }]) => [
						stage,
						`${(ours.wall / tried).toPrecision(3)} s`,
						`${(official.wall / tried).toPrecision(3)} s`,
						(official.wall / ours.wall).toFixed(2),
						`${grouped(ours.forwards)} / ${grouped(official.forwards)}`,
						`${grouped(ours.backwards)} / ${grouped(official.backwards)}`,
					],
				),
			],
		)
	},
}

/** `gradients 50` as `gradient, batches of 50`. */
function passText(what: string): string {
	const [kind = '', batch = ''] = what.split(' ')
	return `${kind === 'gradients' ? 'gradient' : 'logits'}, batches of ${batch}`
}

function milliseconds(seconds: number): string {
	return `${(1000 * seconds).toFixed(2)} ms`
}

/** How NAP compares with fine-tuned towers, and what a step of fine-tuning takes on a model of real geometry. */

import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { at, present } from '../../core/at.js'
import { correctedProbabilities } from '../../experiments/correction.js'
import { runResultForm } from '../../records/run.js'
import { grouped, probabilityText } from '../../report/number-text.js'
import { table } from '../markdown.js'
import type { Insert } from '../markers.js'
import { experimentAt, recordAt } from '../records.js'
import { root } from '../root.js'
import { accuracyText } from './number-cells.js'

const steps = z.array(
	z.object({
		geometry: z.string(),
		lastLayers: z.number().optional(),
		parameters: z.number(),
		images: z.number(),
		microBatch: z.number(),
		innerSteps: z.number(),
		processorSeconds: z.number(),
		peakBytes: z.number(),
		reckonedBytes: z.number(),
	}),
)

/** The passages, by name. */
export const familyInserts: Readonly<Record<string, Insert>> = {
	'family table': async () => {
		const result = await experimentAt('family')
		const corrected = correctedProbabilities(result)
		const right = (heading: string) => ({ heading, align: 'right' as const })
		const rows = result.methods.map(async ({ name }) => {
			const cell = (condition: string) =>
				present(
					result.cells.find((one) => one.method === name && one.condition === condition),
					`cell of ${name} under ${condition}`,
				)
			const [clean, pgd, autoattack] = [cell('clean'), cell('pgd-100'), cell('autoattack')]
			const { run, tuningSeconds } = at(pgd.seeds, 0)
			const memory =
				run === undefined ? undefined : (await recordAt(runResultForm, `family/${run}/result.json`)).residentBytes
			return [
				`\`${name}\``,
				grouped(pgd.trainableParameters ?? 0),
				accuracyText(clean),
				accuracyText(pgd),
				accuracyText(autoattack),
				corrected.has(pgd) ? probabilityText(present(corrected.get(pgd), 'p-value')) : '',
				run === undefined ? '' : `${tuningSeconds.toFixed(0)} s`,
				memory === undefined ? '' : `${(memory / 2 ** 20).toFixed(0)} MiB`,
			]
		})
		return table(
			[
				'method',
				...[
					'parameters',
					'clean [95 %]',
					'PGD-100 [95 %]',
					'AutoAttack [95 %]',
					`p against ${result.reference}, PGD-100`,
					'tuning',
					'memory',
				].map(right),
			],
			await Promise.all(rows),
		)
	},
	'fine-tuning step': async () => {
		const rows = steps.parse(JSON.parse(await readFile(`${root}results/family/fine-tuning-step.json`, 'utf8')))
		const right = (heading: string) => ({ heading, align: 'right' as const })
		const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
		return table(
			[
				'tuned',
				...['parameters', 'images', 'inner steps', 'processor time', 'memory at its largest', 'reckoned'].map(right),
			],
			rows.map((row) => [
				row.lastLayers === undefined ? 'whole tower' : `last ${row.lastLayers} layers`,
				grouped(row.parameters),
				row.images === row.microBatch ? String(row.images) : `${row.images}, ${row.microBatch} at once`,
				String(row.innerSteps),
				`${row.processorSeconds.toFixed(1)} s`,
				gigabytes(row.peakBytes),
				gigabytes(row.reckonedBytes),
			]),
		)
	},
}

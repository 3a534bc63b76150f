/** What a step of fine-tuning takes on a model of real geometry. */

import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { grouped } from '../../report/number-text.js'
import { table } from '../markdown.js'
import type { Insert } from '../markers.js'
import { root } from '../root.js'

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

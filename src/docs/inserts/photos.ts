/** What the preset photos gives on samples that no choice was based on. */

import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { percentText } from '../../report/number-text.js'
import { table } from '../markdown.js'
import type { Insert } from '../markers.js'
import { root } from '../root.js'

const accuracies = z.object({ clean: z.number(), robust: z.number() })
const confirmation = z.object({
	attack: z.string(),
	imagesPerSample: z.number(),
	samples: z.array(z.object({ sample: z.number(), epsilon: z.number(), vanilla: accuracies, nap: accuracies })),
})

export const photosInserts: Readonly<Record<string, Insert>> = {
	'photos table': async () => {
		const { attack, imagesPerSample, samples } = confirmation.parse(
			JSON.parse(await readFile(`${root}results/photos-confirmation.json`, 'utf8')),
		)
		return `${table(
			[
				{ heading: 'epsilon', align: 'right' },
				{ heading: 'vanilla, clean', align: 'right' },
				{ heading: `vanilla, ${attack}`, align: 'right' },
				{ heading: 'NAP, clean', align: 'right' },
				{ heading: `NAP, ${attack}`, align: 'right' },
			],
			samples.map(({ epsilon, vanilla, nap }) => [
				`${Math.round(255 * epsilon)}/255`,
				...[vanilla.clean, vanilla.robust, nap.clean, nap.robust].map((share) => percentText(share)),
			]),
		)}\n\nEach row is a separate sample, attacked on ${imagesPerSample} test images.`
	},
}

/** Stored adversarial images, for people. */

import type { generate } from '../../jobs/generate.js'
import type { JobResult } from '../../jobs/job.js'
import { counted, epsilonText } from './format.js'

/** How many images were made, and from what. */
export function generatedText({ store, made, before, manifest }: JobResult<typeof generate>): string {
	const { attack, threatModel, seed, models } = manifest
	return [
		`${counted(made, 'adversarial image')} made${before > 0 ? `, ${before} ${before === 1 ? 'was' : 'were'} there already` : ''}: ${store}`,
		`${attack.name}, L-infinity epsilon ${epsilonText(threatModel.epsilon)}, seed ${seed}, on ${models.map(({ name }) => name).join(', ')}`,
	].join('\n')
}

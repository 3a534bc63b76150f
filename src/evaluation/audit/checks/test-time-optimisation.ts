/** Reports whether the model changes itself for each image. */

import type { AuditCheck } from '../audit-check.js'

export const testTimeOptimisation: AuditCheck = {
	id: 'test-time-optimisation',
	meaning:
		'Reports whether the model optimises or draws something at random while it classifies an image, which standard attacks do not expect.',
	advice:
		'Attack through the optimisation (unrolled, or BPDA) and by transfer from the model without it, and report the worse result for each image.',
	async run({ testTime, model }) {
		const parts = [
			...(testTime ? [`${testTime.name} optimises for each image, attacked through: ${testTime.attackedThrough}`] : []),
			...(model.draw
				? ['the model draws random numbers; gradients used one guess at them, not an average over draws']
				: []),
		]
		return {
			status: parts.length > 0 ? 'information' : 'not-applicable',
			summary: parts.join('; ') || 'one fixed function of the image',
			images: 0,
			measured: { testTime: testTime?.name ?? null, randomised: model.draw !== undefined },
		}
	},
}

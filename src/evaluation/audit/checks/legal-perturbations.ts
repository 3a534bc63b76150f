/** Checks that the attacks of the audit obeyed the rules. */

import { perturbationTolerance } from '../../../attacks/sets/check-perturbation.js'
import type { AuditCheck } from '../audit-check.js'

export const legalPerturbations: AuditCheck = {
	id: 'legal-perturbations',
	meaning: 'Every adversarial image of every attack lies within epsilon of the clean one and within [0, 1].',
	advice: 'The attack is wrong, and so is every number from it.',
	async run(context) {
		const runs = context.attacksSoFar()
		const excess = Math.max(0, ...runs.map(({ largest, threatModel }) => largest - threatModel.epsilon))
		const outside = runs.reduce((sum, run) => sum + run.outside, 0)
		const images = runs.reduce((sum, { attacked }) => sum + attacked, 0)
		const legal = excess <= perturbationTolerance && outside === 0
		return {
			status: legal ? 'pass' : 'fail',
			summary: `${runs.length} attacks, ${images} images: ${legal ? 'all' : 'not all'} within the ball (excess at most ${excess.toExponential(1)}) and the box (${outside} entries outside)`,
			images,
			measured: { attacks: runs.length, largestExcess: excess, entriesOutside: outside },
		}
	},
}

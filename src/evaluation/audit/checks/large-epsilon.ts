/** Checks that an attack with nearly unlimited room succeeds. */

import type { AttackRun } from '../attack-run.js'
import type { AuditCheck } from '../audit-check.js'
import { pgdOf } from '../audit-context.js'
import { percentText, radiusText } from '../audit-text.js'
import { shareOf } from '../compare-attacks.js'

/** Radii as multiples of epsilon, with a minimum of grey levels in L-infinity. */
const sizes = [
	{ multiple: 2, levels: 8 },
	{ multiple: 4, levels: 16 },
	{ multiple: 8, levels: 32 },
] as const
/** Accuracies at the middle and the largest radius that count as a failure, and at the middle radius as a warning. */
const [failsAtMiddle, failsAtLargest, warnsAtMiddle] = [0.1, 0.02, 0.02]

export const largeEpsilon: AuditCheck = {
	id: 'large-epsilon',
	meaning: 'In a ball so large that images lose their class (16/255 and more), almost no image stays right.',
	advice:
		'No model classifies everything correctly: if an attack fails here, the model has broken the attack. Look at the gradient checks.',
	async run(context) {
		const { norm, epsilon } = context.threatModel
		const steps = Math.ceil(context.effort.steps / 2)
		const epsilons = sizes.map(({ multiple, levels }) =>
			norm === 'linf' ? Math.min(1, Math.max(multiple * epsilon, levels / 255)) : multiple * epsilon,
		)
		const attack = pgdOf(steps)
		const runs: AttackRun[] = []
		// An image broken in a smaller ball is also broken in a larger one that contains it.
		for (const size of epsilons) runs.push(await context.attack({ ...attack, epsilon: size, after: runs.slice(-1) }))
		const accuracies = runs.map(({ right }) => shareOf(right))
		const [, middle, largest] = accuracies as [number, number, number]
		const one = 1 / context.images.ids.length
		const fails = middle > failsAtMiddle || largest > Math.max(failsAtLargest, one)
		return {
			status: fails ? 'fail' : middle > Math.max(warnsAtMiddle, one) ? 'warn' : 'pass',
			summary: `accuracy ${accuracies.map(percentText).join(', ')} at ${epsilons.map((size) => radiusText({ norm, epsilon: size })).join(', ')}`,
			images: context.images.ids.length,
			measured: { epsilons, accuracies },
		}
	},
}

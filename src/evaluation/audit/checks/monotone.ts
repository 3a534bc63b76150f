/** Checks that more of an attack hurts the model more: more steps, a larger ball, more starts. */

import { prepareAttack } from '../../../attacks/registry.js'
import { at } from '../../../core/at.js'
import type { AttackRun } from '../attack-run.js'
import type { AuditCheck } from '../audit-check.js'
import { pgdOf } from '../audit-context.js'
import { notApplicable, worstStatus } from '../audit-finding.js'
import { percentText } from '../audit-text.js'
import { compareAttacks, shareOf } from '../compare-attacks.js'
import { mean } from '../logit-statistics.js'

/** Steps of PGD when the size of the ball or the number of starts varies. */
export const fewSteps = 20

export const epsilonZero: AuditCheck = {
	id: 'epsilon-zero',
	meaning: 'Within a ball of radius 0, every image gets the same prediction as the clean one.',
	advice:
		'Something changes images on their way to the model (rounding, resizing, other preprocessing): evaluate clean and attacked images in the same way.',
	async run(context) {
		const { right } = await context.clean()
		const attacks = [pgdOf(fewSteps), { attack: prepareAttack('apgd-ce') }, { attack: prepareAttack('square') }]
		const runs: AttackRun[] = []
		for (const request of attacks) runs.push(await context.attack({ ...request, epsilon: 0 }))
		const differing = right.filter((own, row) => runs.some((run) => own !== run.right[row])).length
		const largest = Math.max(...runs.map((run) => run.largest))
		return {
			status: differing > 0 || largest > 0 ? 'fail' : 'pass',
			summary:
				differing > 0
					? `${differing} of ${right.length} predictions differ`
					: `all predictions equal the clean ones under ${attacks.map(({ attack }) => attack.name).join(', ')}`,
			images: right.length,
			measured: { differing, largestPerturbation: largest },
		}
	},
}

export const monotoneSteps: AuditCheck = {
	id: 'monotone-steps',
	meaning: 'More steps of PGD do not leave more images right.',
	advice:
		'The loss surface is rugged, or the gradient misleads: attack with smaller steps, momentum (APGD) and several losses.',
	async run(context) {
		const { effort } = context
		const { right: clean } = await context.clean()
		const steps = [5, fewSteps, effort.steps]
		const runs = [clean]
		for (const count of steps) {
			const run = count === effort.steps ? context.mainAttack() : context.attack(pgdOf(count))
			runs.push((await run).right)
		}
		const compared = steps.map((_, index) => compareAttacks(at(runs, index + 1), at(runs, index)))
		return {
			status: worstStatus(compared.map(({ status }) => status)),
			summary: `accuracy ${runs.map((right) => percentText(shareOf(right))).join(', ')} after 0, ${steps.join(', ')} steps`,
			images: clean.length,
			measured: {
				steps: [0, ...steps],
				accuracies: runs.map(shareOf),
				brokenByFewerOnly: compared.map(({ measured }) => measured.brokenByWeakerOnly as number),
				p: compared.map(({ measured }) => measured.p as number),
			},
		}
	},
}

export const monotoneEpsilon: AuditCheck = {
	id: 'monotone-epsilon',
	meaning: 'In a larger ball the attack reaches a higher loss and does not leave more images right.',
	advice:
		'An attack that gains nothing from more room cannot find its way: suspect the gradient before you praise the model.',
	async run(context) {
		const { epsilon } = context.threatModel
		if (epsilon === 0) return notApplicable('epsilon is 0')
		const clean = await context.clean()
		const epsilons = [1 / 4, 1 / 2, 1, 2].map((share) => share * epsilon).filter((size) => size <= 1)
		const runs = [clean]
		for (const size of epsilons) runs.push(await context.attack({ ...pgdOf(fewSteps), epsilon: size }))
		const losses = runs.map((run) => mean(run.losses))
		const compared = epsilons.map((_, index) => compareAttacks(at(runs, index + 1).right, at(runs, index).right))
		const rising = losses.slice(1).map((loss, index) => loss > at(losses, index))
		return {
			status: rising.every(Boolean) ? worstStatus(compared.map(({ status }) => status)) : 'fail',
			summary: `accuracy ${runs.map(({ right }) => percentText(shareOf(right))).join(', ')}, loss ${losses.map((loss) => loss.toFixed(2)).join(', ')} at 0, 1/4, 1/2, 1, 2 times epsilon`,
			images: clean.right.length,
			measured: {
				epsilons: [0, ...epsilons],
				accuracies: runs.map(({ right }) => shareOf(right)),
				losses,
				brokenBySmallerOnly: compared.map(({ measured }) => measured.brokenByWeakerOnly as number),
				p: compared.map(({ measured }) => measured.p as number),
			},
		}
	},
}

/** Starts, and the gain in accuracy above which one start is not a measurement. */
const [restarts, muchGained] = [5, 0.05]

export const monotoneRestarts: AuditCheck = {
	id: 'monotone-restarts',
	meaning: 'More random starts do not leave more images right, and gain little: one start is nearly enough.',
	advice:
		'If more starts gain much, the surface is rugged and one start understates the attack: report the result of several.',
	async run(context) {
		const one = await context.attack(pgdOf(fewSteps))
		const several = await context.attack(pgdOf(fewSteps, { restarts }))
		const compared = compareAttacks(several.right, one.right)
		const gained = compared.weaker - compared.stronger
		return {
			status: compared.status === 'pass' && gained > muchGained ? 'warn' : compared.status,
			summary: `accuracy ${percentText(compared.weaker)} with 1 start, ${percentText(compared.stronger)} with ${restarts}`,
			images: one.right.length,
			measured: { restarts, ...compared.measured },
		}
	},
}

/** Checks that the attack works without the defense. */

import { at } from '../../../core/at.js'
import type { AttackRun } from '../attack-run.js'
import type { AuditCheck } from '../audit-check.js'
import { pgdOf } from '../audit-context.js'
import { notApplicable } from '../audit-finding.js'
import { percentText, radiusText } from '../audit-text.js'
import { shareOf } from '../compare-attacks.js'

export const undefendedControl: AuditCheck = {
	id: 'undefended-control',
	meaning: 'The same attack breaks the model without its defense.',
	advice:
		'Epsilon is too small to mean anything, or the attack does not work on these images: raise epsilon, or fix the attack, before you call anything robust.',
	async run(context) {
		if (!context.control) return notApplicable('no undefended model was given')
		const clean = shareOf((await context.clean('control')).right)
		const requirements = [...context.control.requirements].sort((a, b) => a.epsilon - b.epsilon)
		const attack = pgdOf(context.effort.steps)
		const runs: AttackRun[] = []
		// An image broken in a smaller ball is also broken in a larger one that contains it.
		for (const { epsilon } of requirements) {
			const request = { ...attack, crafted: 'control', judged: 'control', epsilon, after: runs.slice(-1) } as const
			runs.push(await context.attack(request))
		}
		const accuracies = runs.map(({ right }) => shareOf(right))
		const limits = requirements.map(({ below, ofClean }) => (ofClean ? below * clean : below))
		const epsilons = requirements.map(({ epsilon }) => epsilon)
		return {
			status: accuracies.every((accuracy, index) => accuracy < at(limits, index)) ? 'pass' : 'fail',
			summary: `accuracy ${percentText(clean)} clean${epsilons.map((epsilon, index) => `, ${percentText(at(accuracies, index))} at ${radiusText({ norm: context.threatModel.norm, epsilon })} (below ${percentText(at(limits, index))} expected)`).join('')}`,
			images: context.images.ids.length,
			measured: { accuracyClean: clean, epsilons, accuracies, limits },
		}
	},
}

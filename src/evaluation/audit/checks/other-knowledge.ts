/** Checks that an attacker who knows more does more. */

import type { AuditCheck } from '../audit-check.js'
import { pgdOf } from '../audit-context.js'
import { notApplicable } from '../audit-finding.js'
import { percentText } from '../audit-text.js'
import { compareAttacks } from '../compare-attacks.js'

export const transferWeaker: AuditCheck = {
	id: 'transfer-weaker',
	meaning: 'Images made against the undefended model break no more images than those made against the model itself.',
	advice:
		'If a black box beats the white box, the white box has no usable gradient: attack by transfer, and report the worse result for each image.',
	async run(context) {
		if (!context.control) return notApplicable('no undefended model was given')
		const own = await context.mainAttack()
		const transfer = await context.attack({ ...pgdOf(context.effort.steps), crafted: 'control' })
		const compared = compareAttacks(own.right, transfer.right)
		return {
			status: compared.status,
			summary: `accuracy ${percentText(compared.stronger)} under its own PGD-${context.effort.steps}, ${percentText(compared.weaker)} under that of the undefended model`,
			images: own.right.length,
			measured: compared.measured,
		}
	},
}

export const refinerAware: AuditCheck = {
	id: 'refiner-aware',
	meaning: 'An attacker who knows everything does at least as well as one who knows only the prompts.',
	advice:
		'The part that the prompts-only attacker ignores hides the gradient rather than defends: also attack without it, and report the worse result for each image.',
	async run(context) {
		const { promptAware, effort } = context
		if (!promptAware) return notApplicable('the model has nothing besides its prompts to hide')
		const own = await context.mainAttack()
		const without = await context.attack({ ...pgdOf(effort.steps), crafted: 'promptAware' })
		const compared = compareAttacks(own.right, without.right)
		return {
			status: compared.status,
			summary: `accuracy ${percentText(compared.stronger)} under PGD-${effort.steps} with ${promptAware.hides}, ${percentText(compared.weaker)} under that without`,
			images: own.right.length,
			measured: compared.measured,
		}
	},
}

/** Checks whether stronger attacks, and one without gradients, find more than PGD. */

import { prepareAttack } from '../../../attacks/registry.js'
import { targetedDlrClasses } from '../../../classifier/objectives/dlr-objectives.js'
import type { AttackRun } from '../attack-run.js'
import type { AuditCheck } from '../audit-check.js'
import type { AuditContext } from '../audit-context.js'
import { percentText } from '../audit-text.js'
import { compareAttacks, shareOf } from '../compare-attacks.js'

/** Targets of targeted APGD; AutoAttack has nine, and more could only lower the accuracy. */
const targets = 3

/** The first stages of AutoAttack: APGD on the cross entropy, then on targets, on the remaining images. */
async function firstStages(
	context: AuditContext,
): Promise<{ readonly crossEntropy: AttackRun; readonly both: AttackRun }> {
	const { steps } = context.effort
	const crossEntropy = await context.attack({ attack: prepareAttack('apgd-ce', { steps }) })
	const targeted =
		context.model.classNames.length >= targetedDlrClasses
			? prepareAttack('apgd-t', { steps, targets })
			: prepareAttack('apgd-margin', { steps })
	return { crossEntropy, both: await context.attack({ attack: targeted, after: [crossEntropy] }) }
}

export const autoattackConsistent: AuditCheck = {
	id: 'autoattack-consistent',
	meaning:
		'The first stages of AutoAttack (APGD on the cross entropy, then on 3 targets) leave no more images right than PGD; the same then holds for AutoAttack, whose later stages only remove images.',
	advice:
		'An ensemble weaker than one of its members has a bug or meets a masked gradient: report the worst of all attacks for each image.',
	async run(context) {
		const pgd = await context.mainAttack()
		const { crossEntropy, both } = await firstStages(context)
		const { status, stronger, weaker, measured } = compareAttacks(both.right, pgd.right)
		return {
			status,
			summary: `accuracy ${percentText(weaker)} under PGD-${context.effort.steps}, ${percentText(shareOf(crossEntropy.right))} under APGD-CE, ${percentText(stronger)} under both stages`,
			images: pgd.right.length,
			measured: { accuracyApgdCe: shareOf(crossEntropy.right), ...measured },
		}
	},
}

/**
 * The share that a gradient-free search may break beyond gradient attacks (as in AutoAttack), and gradient restarts on the
 * images it broke.
 */
const [tolerance, restarts] = [0.002, 5]

export const gradientFreeWeaker: AuditCheck = {
	id: 'gradient-free-weaker',
	meaning: 'The Square attack, which sees only outputs, breaks nothing that gradient attacks cannot break.',
	advice:
		'The gradient hides what a blind search finds: run Square with more queries and restarts, attack adaptively (BPDA, smoothing), and report the worst for each image.',
	async run(context) {
		const { effort } = context
		const gradientAttacks = [await context.mainAttack(), (await firstStages(context)).both]
		const square = await context.attack({
			attack: prepareAttack('square', { queries: effort.queries, rescaleSchedule: true }),
			after: gradientAttacks,
		})
		const left = square.right.flatMap((_, row) => (gradientAttacks.every(({ right }) => right[row]) ? [row] : []))
		const broken = left.filter((row) => !square.right[row])
		// One restart of a gradient attack misses some images by chance; what several miss, the gradient does not show.
		const again =
			broken.length > 0
				? await context.attack({
						attack: prepareAttack('apgd-margin', { steps: effort.steps, restarts }),
						after: gradientAttacks,
						only: broken,
					})
				: undefined
		const resisting = broken.filter((row) => again?.right[row])
		const count = square.right.length
		const accuracy = left.length / count
		const beyond = resisting.length / count
		return {
			status: beyond <= tolerance ? 'pass' : resisting.length === 1 ? 'warn' : 'fail',
			summary: `of ${left.length} images that gradient attacks left (${percentText(accuracy)}), ${effort.queries} queries break ${broken.length}; ${resisting.length} of these resist ${restarts} more gradient attacks`,
			images: count,
			measured: {
				queries: effort.queries,
				accuracyGradientAttacks: accuracy,
				accuracyWithSquare: shareOf(square.right),
				brokenBySquare: broken.length,
				brokenBySquareOnly: resisting.length,
			},
		}
	},
}

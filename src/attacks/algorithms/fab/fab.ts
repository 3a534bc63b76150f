/**
 * FAB, the fast adaptive boundary attack (Croce and Hein, "Minimally distorted adversarial examples with a fast adaptive
 * boundary attack", 2020): it looks for the nearest misclassified image instead of the worst one within epsilon, and
 * projects onto boundaries that it linearises again in every step. Matches FAB and FAB-T of AutoAttack.
 */

import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { NaptuneError } from '../../../core/errors.js'
import { range, rowSize } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { defineAttack } from '../../define-attack.js'
import type { AttackRound, AttackRun } from '../../run/attack-round.js'
import type { GradientSight } from '../../run/require-finite.js'
import type { Norm } from '../../sets/threat-model.js'
import { type FindBoundaries, nearestBoundaries, rankedBoundaries } from './fab-boundaries.js'
import { type FabSettings, fabSchema } from './fab-options.js'
import { searchBoundary } from './fab-search.js'
import { fabStart } from './fab-start.js'

/** With more classes, the untargeted form must be forced. */
const mostUntargetedClasses = 100

/**
 * The rounds of FAB for this many classes.
 * @throws NaptuneError for fewer than 2 classes, and for untargeted FAB with more than 100 unless forced.
 */
export function fabRounds(settings: FabSettings, classes: number): readonly AttackRound[] {
	if (classes < 2) {
		throw new NaptuneError(
			'NAP_ATTACK_UNSUITABLE',
			`FAB looks for the boundary between two classes; the classifier has ${classes}.`,
		)
	}
	return settings.mode === 'targeted' ? targetedRounds(settings, classes) : untargetedRounds(settings, classes)
}

function targetedRounds(settings: Extract<FabSettings, { mode: 'targeted' }>, classes: number): AttackRound[] {
	const { steps, restarts, targets } = settings
	return range(1, Math.min(targets, classes - 1) + 1).flatMap((rank) =>
		range(0, restarts).map((restart) => {
			const name = `fab-t target ${rank}${restartName(settings, restart)}`
			return {
				stage: 'fab-t',
				name,
				cost: { evaluations: steps + 1, gradients: steps },
				run: runOf(settings, name, restart > 0, (classifier, batch, _, sight) =>
					rankedBoundaries(classifier, batch, rank, sight),
				),
			}
		}),
	)
}

function untargetedRounds(settings: Extract<FabSettings, { mode: 'untargeted' }>, classes: number): AttackRound[] {
	const { steps, restarts, force } = settings
	const gradients = steps * (classes - 1)
	if (classes > mostUntargetedClasses && !force) {
		throw new NaptuneError(
			'NAP_ATTACK_UNSUITABLE',
			`Untargeted FAB takes a gradient per class and step, ${gradients} per image and restart for these ${classes} classes. Use fab-t, which takes ${steps} per target for any number of classes, or set force to true to run it anyway.`,
		)
	}
	return range(0, restarts).map((restart) => {
		const name = `fab-u${restartName(settings, restart)}`
		return {
			stage: 'fab-u',
			name,
			cost: { evaluations: steps, gradients },
			run: runOf(settings, name, restart > 0, async (classifier, batch, norm, sight) =>
				nearestBoundaries(classifier, batch, norm, sight),
			),
		}
	})
}

function restartName({ restarts }: FabSettings, restart: number): string {
	return restarts > 1 ? ` restart ${restart + 1}` : ''
}

/** A run from the clean images, or from random points near them. */
function runOf(
	settings: FabSettings,
	name: string,
	randomStart: boolean,
	boundaries: (
		classifier: Classifier,
		batch: AttackBatch,
		norm: Norm,
		sight: GradientSight | undefined,
	) => Promise<FindBoundaries>,
): AttackRun {
	return async (classifier, batch, threatModel, streams, sight) => {
		const { images, ids } = batch
		if (threatModel.epsilon === 0) return { ...images, data: images.data.slice() }
		const current: Tensor<'float32'> = { ...images, data: images.data.slice() }
		if (randomStart) {
			const size = rowSize(images)
			for (const [row, id] of ids.entries()) {
				const image = current.data.subarray(row * size, (row + 1) * size)
				fabStart(image, threatModel, streams(id, `${name} start`))
			}
		}
		const find = await boundaries(classifier, batch, threatModel.norm, sight)
		return searchBoundary(classifier, batch, current, find, threatModel, settings)
	}
}

/**
 * FAB, one round per target and restart. Epsilon does not bound the iterates; an image counts only if its nearest
 * misclassified iterate is within epsilon, measured in float64. Iterates are computed in float64 and rounded to float32 once
 * per move. All steps always run. Random starts come from the image's stream with the purpose `NAME start`, where NAME is
 * the name of the round.
 * @example
 * const attack = fab.prepare({ mode: 'targeted', targets: 9, steps: 100 })
 */
export const fab = defineAttack({
	name: 'fab',
	doc: 'Fast adaptive boundary attack: finds the nearest misclassified image, which counts if it is within epsilon.',
	source:
		'Croce and Hein 2020, arXiv 1907.02044; targeted form and constants as in AutoAttack (arXiv 2003.01690, repository fra31/auto-attack)',
	access: 'gradient',
	norms: ['linf', 'l2'],
	skipsWrong: true,
	schema: fabSchema,
	presets: {
		'fab-t': {
			doc: 'As in the standard version of AutoAttack: 9 targets, 100 steps each, 1 restart.',
			options: { mode: 'targeted', targets: 9, steps: 100, restarts: 1 },
		},
		'fab-u': {
			doc: 'Untargeted, as in the plus version of AutoAttack: 100 steps, 5 restarts; one gradient per class and step.',
			options: { mode: 'untargeted', steps: 100, restarts: 5 },
		},
	},
	rounds: fabRounds,
})

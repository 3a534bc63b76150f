/** Predicts how many passes cells take. */

import { prepareAttack } from '../../attacks/registry.js'
import { tuningLosses } from '../../defenses/tuning-losses.js'
import type { TuningConfig } from '../../methods/tuning/configuration.js'
import { stepsOfEpoch } from '../../methods/tuning/training-images.js'
import type { Passes } from '../../records/parts/accuracy.js'
import type { AttackCell } from '../cells.js'
import type { ExpectedAccuracy } from './expected-accuracy.js'

/** The cost of a tuning run. */
export interface TuningPasses {
	/** Images of the few-shot sample. */
	readonly images: number
	readonly steps: number
	/** Images of all steps together. */
	readonly visits: number
	/** Images attacked once before the first step, for a bank of features. */
	readonly banked: number
	/** Gradients per image, with respect to pixels or parameters. */
	readonly gradients: number
}

/** The cost of a run under a configuration. @param data Numbers of classes and training images. */
export function tuningPasses(
	{ shots, epochs, batchSize, attack, loss }: TuningConfig,
	{ classes, train }: { readonly classes: number; readonly train: number },
): TuningPasses {
	const images = Math.min(shots * classes, train)
	const batch = Math.min(batchSize, images)
	const steps = stepsOfEpoch(images, batch) * epochs
	const visits = steps * batch
	const attacks = tuningLosses.get(loss)?.attacks ?? true
	const once = attack.when === 'once'
	const banked = once ? images : 0
	const perVisit = once ? 0 : attacks ? attack.steps + 2 : 1
	return { images, steps, visits, banked, gradients: banked * attack.steps + visits * perVisit }
}

/**
 * The cost of an attack on a tuned cell, given the expected accuracy: wrong images are skipped, and after the first round
 * those that it fools.
 */
export function attackPasses(
	{ attack, options, split, madeOn }: AttackCell,
	classes: number,
	{ clean, robust }: ExpectedAccuracy,
): Passes {
	// The clean image and the stored one.
	if (madeOn) return { evaluations: 2 * split.length, gradients: 0 }
	const prepared = prepareAttack(attack, options)
	const rounds = prepared.rounds(classes)
	const standing = (index: number) => split.length * (index === 0 ? clean : Math.min(clean, robust))
	return {
		// Each round's candidates are classified.
		evaluations: rounds.reduce((sum, { cost }, index) => sum + standing(index) * (cost.evaluations + 1), split.length),
		gradients: rounds.reduce((sum, { cost }, index) => sum + standing(index) * cost.gradients, 0),
	}
}

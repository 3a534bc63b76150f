/** How much work cells are, before they are run: in forward passes of one image. */

import { prepareAttack } from '../attacks/registry.js'
import { forwardsPerGradient, workOf } from '../classifier/pass-counter.js'
import type { AttackCell, TunedCell } from './cells.js'
import type { WorkPart } from './work-meter.js'

/** Passes of a tuning run; 0 for vanilla. Few-shot samples are taken to be complete, and a gradient with respect to parameters as long as one to pixels. */
export function tuningWork({ tuning, dataset }: Pick<TunedCell, 'tuning' | 'dataset'>): number {
	if (!tuning) return 0
	const { shots, epochs, attack, loss } = tuning.config
	const images = Math.min(shots * dataset.classNames.length, dataset.train.length)
	const steps = loss === 'clean' ? 0 : attack.steps
	const passes = attack.when === 'once' ? steps * forwardsPerGradient : epochs * (steps + 2) * forwardsPerGradient
	return images * passes
}

/** Passes of an attack on a model, the most where it has stages; images made on surrogates are tried once. */
export function attackWork({ attack, options, split, madeOn }: AttackCell, classes: number): WorkPart {
	if (madeOn) return { work: 2 * split.length, known: true }
	const prepared = prepareAttack(attack, options)
	const most = workOf(prepared.cost(classes)) + 1
	return { work: split.length * most, known: prepared.rounds(classes).length === 1 }
}

/** Passes of making images, for each surrogate; these are taken to be as large as the attacked model. */
export function surrogateWork(
	{ attack, options, split }: Pick<AttackCell, 'attack' | 'options' | 'split'>,
	classes: number,
): number {
	return split.length * workOf(prepareAttack(attack, options).cost(classes))
}

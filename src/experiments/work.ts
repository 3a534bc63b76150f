/** How much work cells are, before they are run: in forward passes of one image. */

import { prepareAttack } from '../attacks/registry.js'
import { workOf } from '../classifier/pass-counter.js'
import type { AttackCell, TunedCell } from './cells.js'
import type { WorkPart } from './work-meter.js'

/** A gradient takes about as long as so many forward passes, and one with respect to parameters the same. */
const forwardsPerGradient = 3

/** Passes of a tuning run; 0 for vanilla. Few-shot samples are taken to be complete. */
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
	const rounds = prepareAttack(attack, options).rounds(classes)
	const most = rounds.reduce((sum, { calls }) => sum + workOf(calls), 1)
	return { work: split.length * most, known: rounds.length === 1 }
}

/** Passes of making images on surrogates, which are taken to be as large as the attacked model. */
export function surrogateWork({ attack, options, split }: Pick<AttackCell, 'attack' | 'options' | 'split'>): number {
	const { steps } = prepareAttack(attack, options).options as { readonly steps?: unknown }
	return split.length * (typeof steps === 'number' ? steps : 1) * forwardsPerGradient
}

/** How much work cells are, before they are run: in forward passes of one image. */

import { prepareAttack } from '../attacks/registry.js'
import { forwardsPerGradient, workOf } from '../classifier/pass-counter.js'
import { tuningLosses } from '../defenses/tuning-losses.js'
import type { AttackCell, TunedCell } from './cells.js'
import type { WorkPart } from './work-meter.js'

/** Share of the test images that a model gets right, about: the others are not attacked. */
const usuallyRight = 0.8

/** Share of the most that an attack of several rounds takes, about: most images are fooled by the first. */
const usuallyLeft = 0.15

/**
 * A tuning run; none for vanilla. Few-shot samples are taken to be complete, and a gradient to parameters as long as one to
 * pixels.
 */
export function tuningWork({ tuning, dataset, method }: Pick<TunedCell, 'tuning' | 'dataset' | 'method'>): WorkPart {
	return {
		kind: 'tuning',
		method,
		family: 'tuning',
		work: tuning ? tuningPasses(tuning.config, dataset) : 0,
		share: 1,
		leavesEarly: false,
	}
}

function tuningPasses(
	{ shots, epochs, attack, loss }: NonNullable<TunedCell['tuning']>['config'],
	{ classNames, train }: TunedCell['dataset'],
): number {
	const images = Math.min(shots * classNames.length, train.length)
	const attacked = tuningLosses.get(loss)?.attacks ?? true
	const inner = attacked ? attack.steps * forwardsPerGradient : 0
	// From a bank of image features the epochs themselves are next to nothing.
	if (attack.when === 'once') return images * (inner + 1)
	return images * epochs * (inner + (attacked ? 2 : 1) * forwardsPerGradient)
}

/** An attack on a model; images made on surrogates are tried once. */
export function attackWork(
	{ attack, options, split, madeOn, condition }: AttackCell,
	{ method, dataset }: Pick<TunedCell, 'method' | 'dataset'>,
): WorkPart {
	const family = 'attack'
	if (madeOn) return { kind: condition, method, family, work: 2 * split.length, share: 1, leavesEarly: false }
	const classes = dataset.classNames.length
	const prepared = prepareAttack(attack, options)
	const rounds = prepared.rounds(classes)
	// A round's candidates are judged, and the clean image is.
	const most = workOf(prepared.cost(classes)) + rounds.length + 1
	const leavesEarly = rounds.length > 1
	const share = leavesEarly ? usuallyLeft : usuallyRight
	return { kind: attack, method, family, work: split.length * most, share, leavesEarly }
}

/** Passes of making images on one surrogate, which is taken to be as large as the attacked model. */
export function surrogateWork(
	{ attack, options, split }: Pick<AttackCell, 'attack' | 'options' | 'split'>,
	{ dataset }: Pick<TunedCell, 'dataset'>,
): number {
	return split.length * workOf(prepareAttack(attack, options).cost(dataset.classNames.length))
}

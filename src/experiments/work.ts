/** Estimates the work of cells before they run, in forward passes of one image. */

import { prepareAttack } from '../attacks/registry.js'
import { forwardsPerGradient, workOf } from '../classifier/pass-counter.js'
import { tuningLosses } from '../defenses/tuning-losses.js'
import type { AttackCell, TunedCell } from './cells.js'
import type { WorkPart } from './work-meter.js'

/** Approximate share of test images that a model gets right: the others are not attacked. */
const usuallyRight = 0.8

/** Approximate share of the bound that an attack with several rounds takes: the first round fools most images. */
const usuallyLeft = 0.15

/** A tuning run; none for vanilla. Assumes complete few-shot samples, and parameter gradients as long as pixel gradients. */
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
	// With a bank of image features, the epochs themselves cost almost nothing.
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
	// Classifying each round's candidates, and the clean image.
	const most = workOf(prepared.cost(classes)) + rounds.length + 1
	const leavesEarly = rounds.length > 1
	const share = leavesEarly ? usuallyLeft : usuallyRight
	return { kind: attack, method, family, work: split.length * most, share, leavesEarly }
}

/** Passes of making images on one surrogate, assumed to be as large as the attacked model. */
export function surrogateWork(
	{ attack, options, split }: Pick<AttackCell, 'attack' | 'options' | 'split'>,
	{ dataset }: Pick<TunedCell, 'dataset'>,
): number {
	return split.length * workOf(prepareAttack(attack, options).cost(dataset.classNames.length))
}

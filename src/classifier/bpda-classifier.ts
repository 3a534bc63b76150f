/** Attacking what has no useful gradient through a stand-in that has one. */

import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Classifier } from './classifier.js'
import { decorate, drawOf } from './decorate.js'

/**
 * Backward pass differentiable approximation (Athalye, Carlini and Wagner, "Obfuscated gradients give a false sense of
 * security", 2018): a classifier that evaluates as the real model does, and whose gradient is that of a differentiable
 * stand-in at the same images, such as the same model without the part that quantises, or a network that was trained to
 * agree with it.
 *
 * With a gradient come the taps of the real model, so that attacks see what it predicts, and the losses of the stand-in,
 * which belong to the gradient. A real model that can only be evaluated will do; an objective needs taps that both have.
 * Draws of either are drawn together. Releasing it releases both, and their draws.
 * @param forward The real model. @param backward The stand-in.
 * @throws NaptuneError when classes or image sizes differ, or (from `gradient`) when the stand-in lacks a tap.
 * @example
 * const attacked = bpdaClassifier(quantised, smooth)
 * const images = await attackBatch(prepareAttack('pgd-100'), attacked, batch, threatModel('linf', 4 / 255), imageStreams(1))
 */
export function bpdaClassifier(forward: Classifier, backward: Classifier): Classifier {
	const described = ({ classNames, inputShape }: Classifier) =>
		`images [${inputShape.join(', ')}] and the classes ${classNames.join(', ')}`
	if (described(forward) !== described(backward)) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`A stand-in for gradients must look like the model it stands in for: the model has ${described(forward)}, the stand-in ${described(backward)}.`,
		)
	}
	const random = forward.draw !== undefined || backward.draw !== undefined
	return decorate(forward, {
		async gradient(inner, images, objective, side) {
			const { loss, gradient } = await backward.gradient(images, objective, side)
			return { taps: await inner.evaluate(images, objective.taps), loss, gradient }
		},
		...defined({
			draw: random ? (index: number) => bpdaClassifier(drawOf(forward, index), drawOf(backward, index)) : undefined,
		}),
		async release() {
			await forward.release()
			await backward.release()
		},
	})
}

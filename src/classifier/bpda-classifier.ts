/** Attacks a model without a useful gradient through a differentiable stand-in. */

import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Classifier } from './classifier.js'
import { decorate, drawOf } from './decorate.js'

/**
 * Backward pass differentiable approximation (Athalye, Carlini and Wagner, "Obfuscated gradients give a false sense of
 * security", 2018): a classifier that evaluates the real model and takes its gradient from a differentiable stand-in at the
 * same images. The stand-in may be the same model without its quantisation, or a network trained to agree with it.
 *
 * `gradient` returns the taps of the real model, so that attacks see its predictions, and the losses of the stand-in, which
 * belong to the gradient. The real model need not be differentiable; an objective needs taps that both have. Draws of the
 * two are drawn together. Releasing the result releases both, and their draws.
 * @param forward The real model. @param backward The stand-in.
 * @throws NaptuneError if classes or image sizes differ, or (from `gradient`) if the stand-in lacks a tap.
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
			`A stand-in for gradients must have the images and classes of its model: the model has ${described(forward)}, the stand-in ${described(backward)}.`,
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

/**
 * DI-FGSM with momentum (Xie et al., "Improving Transferability of Adversarial Examples with Input Diversity", 2019): it
 * takes gradients on surrogates at randomly resized and padded images.
 */

import { z } from 'zod'
import { rowSize } from '../../../core/rows.js'
import { defineAttack } from '../../define-attack.js'
import { momentumOptions, momentumRounds } from '../transfer/momentum-attack.js'
import { recordedWithSurrogates } from '../transfer/surrogate.js'
import { diverseInput, drawDiverseInput } from './diverse-input.js'

const schema = z.strictObject({
	...momentumOptions,
	/** How often an image is transformed. */
	probability: z.number().min(0).max(1).default(0.5),
	/** Side of the padded image as a multiple of the image's side, rounded down. Below 10 pixels the default leaves no room. */
	rate: z.number().min(1).default(1.1),
})

/**
 * DI-FGSM, on the classifiers in its option `surrogates`. Every image draws from its own stream with the purpose `di-fgsm
 * input`; the reference draws once per batch. Images are resized back to the surrogate's size.
 * @example
 * const attack = diFgsm.prepare({ surrogates, probability: 0.7 })
 */
export const diFgsm = defineAttack({
	name: 'di-fgsm',
	doc: 'MI-FGSM with gradients at randomly resized and padded images.',
	source:
		'Xie et al. 2019, arXiv 1803.06978; transform and constants as in Trustworthy-AI-Group/TransferAttack (DIM: probability 0.5, rate 1.1, 10 steps of epsilon / 10, decay 1), draws per image',
	access: 'nothing',
	norms: ['linf'],
	schema,
	presets: {},
	recorded: recordedWithSurrogates,
	rounds: (settings, _, name) =>
		momentumRounds(name, settings, settings.steps, (gradientAt, [{ inputShape }, { ids }, , streams]) => {
			const plane = [inputShape[1], inputShape[2]] as const
			const own = ids.map((id) => streams(id, 'di-fgsm input'))
			return async (images, _step, where) => {
				const draws = own.map((stream) => drawDiverseInput(stream, plane, settings))
				const size = rowSize(images)
				const data = images.data.slice()
				for (const [row, draw] of draws.entries()) {
					if (draw) data.set(diverseInput(images.data.subarray(row * size, (row + 1) * size), plane, draw), row * size)
				}
				const gradient = await gradientAt({ ...images, data }, where)
				for (const [row, draw] of draws.entries()) {
					const part = gradient.subarray(row * size, (row + 1) * size)
					if (draw) part.set(diverseInput(part, plane, draw, true))
				}
				return gradient
			}
		}),
})

/**
 * VMI-FGSM (Wang and He, "Enhancing the Transferability of Adversarial Attacks through Variance Tuning", 2021): it corrects
 * each gradient by how much the gradients of the last step's neighbours differed from that step's own.
 */

import { z } from 'zod'
import { missing } from '../../../core/at.js'
import { rowSize } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { defineAttack } from '../../define-attack.js'
import { momentumOptions, momentumRounds } from '../transfer/momentum-attack.js'
import { recordedWithSurrogates } from '../transfer/surrogate.js'

const schema = z.strictObject({
	...momentumOptions,
	/** Random neighbours per step. */
	neighbours: z.int().positive().default(20),
	/** How far a neighbour may lie from the iterate in each pixel, as a multiple of epsilon. */
	relativeReach: z.number().positive().default(1.5),
})

/**
 * VMI-FGSM, on the classifiers in its option `surrogates`. The gradient that enters the momentum is grad + v; v is 0 at
 * first, then the mean gradient of the neighbours minus the gradient of the iterate. Neighbours are not clipped to [0, 1];
 * they come from the image's stream with the purpose `vmi-fgsm neighbours`. The last step needs none.
 * @example
 * const attack = vmiFgsm.prepare({ surrogates, neighbours: 5 })
 */
export const vmiFgsm = defineAttack({
	name: 'vmi-fgsm',
	doc: 'MI-FGSM with gradients corrected by the variance among neighbours.',
	source:
		'Wang and He 2021, arXiv 2103.15571; constants as in Trustworthy-AI-Group/TransferAttack (20 neighbours within 1.5 epsilon, 10 steps of epsilon / 10, decay 1)',
	access: 'nothing',
	norms: ['linf'],
	schema,
	presets: {},
	recorded: recordedWithSurrogates,
	rounds: (settings, _, name) => {
		const { steps, neighbours, relativeReach } = settings
		const gradients = steps + (steps - 1) * neighbours
		return momentumRounds(name, settings, gradients, (gradientAt, [, { ids }, { epsilon }, streams]) => {
			const own = ids.map((id) => streams(id, 'vmi-fgsm neighbours'))
			let variance: Float64Array | undefined
			const neighbourOf = (images: Tensor<'float32'>): Tensor<'float32'> => {
				const data = images.data.slice()
				const size = rowSize(images)
				for (const [row, stream] of own.entries()) {
					for (let index = row * size; index < (row + 1) * size; index++) {
						const offset = relativeReach * epsilon * (2 * stream.uniform() - 1)
						data[index] = (data[index] ?? missing) + offset
					}
				}
				return { ...images, data }
			}
			return async (images, step, where) => {
				const gradient = await gradientAt(images, where)
				const before = variance
				const corrected = before ? gradient.map((value, index) => value + (before[index] ?? missing)) : gradient
				if (step === steps - 1) return corrected
				const sum = new Float64Array(gradient.length)
				for (let neighbour = 0; neighbour < neighbours; neighbour++) {
					const found = await gradientAt(neighbourOf(images), `neighbour ${neighbour + 1}, ${where}`)
					for (let index = 0; index < sum.length; index++) {
						sum[index] = (sum[index] ?? missing) + (found[index] ?? missing)
					}
				}
				variance = sum.map((total, index) => total / neighbours - (gradient[index] ?? missing))
				return corrected
			}
		})
	},
})

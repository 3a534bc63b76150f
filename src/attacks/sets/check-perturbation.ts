/** Checks the result of every attack. */

import { missing } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { rowSize } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { Norm, ThreatModel } from './threat-model.js'

/** How far a perturbation may exceed epsilon, to allow for rounding pixels to float32. */
export const perturbationTolerance = 1e-6

/** The size of each image's perturbation in a norm, in pixel units of [0, 1], summed in float64. */
export function perturbationSizes(clean: Tensor<'float32'>, adversarial: Tensor<'float32'>, norm: Norm): number[] {
	const size = rowSize(clean)
	return Array.from({ length: clean.shape[0] ?? 0 }, (_, row) => {
		let total = 0
		for (let index = row * size; index < (row + 1) * size; index++) {
			const change = (adversarial.data[index] ?? missing) - (clean.data[index] ?? missing)
			total = norm === 'linf' ? Math.max(total, Math.abs(change)) : total + change * change
		}
		return norm === 'linf' ? total : Math.sqrt(total)
	})
}

/**
 * Checks that adversarial images are finite, inside [0, 1] and within epsilon (+ {@link perturbationTolerance}).
 * @param ids Image names for the error; by default their positions.
 * @throws NaptuneError that names the first image that fails, and why.
 */
export function checkPerturbation(
	clean: Tensor<'float32'>,
	adversarial: Tensor<'float32'>,
	{ norm, epsilon }: ThreatModel,
	ids: readonly string[] = [],
): void {
	if (adversarial.shape.join() !== clean.shape.join() || adversarial.data.length !== clean.data.length) {
		throw new NaptuneError(
			'NAP_INTERNAL',
			`An attack returned images of shape [${adversarial.shape.join(', ')}] for clean images of shape [${clean.shape.join(', ')}]. This is a bug in the attack.`,
		)
	}
	const size = rowSize(clean)
	const fail = (row: number, problem: string) => {
		throw new NaptuneError(
			'NAP_INTERNAL',
			`The adversarial image of ${ids[row] ?? `#${row}`} ${problem}. This is a bug in the attack; its results are unusable.`,
		)
	}
	for (let index = 0; index < adversarial.data.length; index++) {
		const value = adversarial.data[index] ?? missing
		if (value >= 0 && value <= 1) continue
		const what = Number.isFinite(value) ? 'lies outside the pixel range [0, 1]' : 'is not finite'
		fail(Math.floor(index / size), `${what}: entry ${index % size} is ${value}`)
	}
	perturbationSizes(clean, adversarial, norm).forEach((distance, row) => {
		if (distance <= epsilon + perturbationTolerance) return
		fail(row, `is ${distance} from the clean one in ${norm}; epsilon is ${epsilon}`)
	})
}

/** Checks that there is a gradient to follow. */

import { dlrClasses, dlrObjective } from '../../../classifier/objectives/dlr-objectives.js'
import { crossEntropyObjective } from '../../../classifier/objectives/objective.js'
import { at } from '../../../core/at.js'
import { rowSize } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import type { AuditCheck } from '../audit-check.js'
import { notApplicable } from '../audit-finding.js'
import { mean } from '../logit-statistics.js'

/** Largest entry below which a gradient is about to vanish, and the share of such images that counts as a failure. */
const [vanishing, tolerated] = [1e-20, 0.05]

export const zeroGradient: AuditCheck = {
	id: 'zero-gradient',
	meaning:
		'At correctly classified clean images, the gradients of cross entropy and DLR with respect to the pixels are neither exactly zero nor overflow.',
	advice:
		'Zero only for the cross entropy: the softmax saturates; attack DLR or the margin. Zero for both: some operation (rounding, a threshold, a clamp) has no gradient; attack with the identity in its place (BPDA) or by transfer.',
	async run(context) {
		const objectives = [
			{ name: 'cross entropy', key: 'CrossEntropy', objective: crossEntropyObjective },
			...(context.model.classNames.length >= dlrClasses ? [{ name: 'DLR', key: 'Dlr', objective: dlrObjective }] : []),
		]
		const found = []
		for (const { objective, ...names } of objectives) {
			const { rows, gradients } = await context.cleanGradients(objective)
			if (rows.length === 0) return notApplicable('no clean image is classified correctly')
			found.push({ ...names, images: rows.length, ...gradientShares(gradients) })
		}
		const worst = Math.max(...found.flatMap(({ zero, vanishing }) => [zero, vanishing]))
		const overflows = found.some(({ overflowing }) => overflowing > 0)
		const count = at(found, 0).images
		return {
			status: overflows || worst > tolerated ? 'fail' : worst > 0 ? 'warn' : 'pass',
			summary: found
				.map(({ name, zero, vanishing, overflowing }) => {
					const others = [
						...(vanishing > 0 ? [`${Math.round(vanishing * count)} vanish`] : []),
						...(overflowing > 0 ? [`${Math.round(overflowing * count)} overflow`] : []),
					]
					return `${name}: ${[`${Math.round(zero * count)} of ${count} are zero`, ...others].join(', ')}`
				})
				.join('; '),
			images: count,
			measured: Object.fromEntries(
				found.flatMap(({ key, zero, vanishing, overflowing, zeroEntries }) => [
					[`zero${key}`, zero],
					[`vanishing${key}`, vanishing],
					[`overflowing${key}`, overflowing],
					[`zeroEntries${key}`, zeroEntries],
				]),
			),
		}
	},
}

/** Shares of images whose gradient is exactly zero, about to vanish, or not finite; and the mean share of zero entries. */
function gradientShares(gradients: Tensor<'float32'>) {
	const size = rowSize(gradients)
	const rows = Array.from({ length: at(gradients.shape, 0) }, (_, row) => {
		const values = gradients.data.subarray(row * size, (row + 1) * size)
		let [most, zeros, finite] = [0, 0, true]
		for (const value of values) {
			if (value === 0) zeros++
			if (!Number.isFinite(value)) finite = false
			most = Math.max(most, Math.abs(value))
		}
		return { most, zeros: zeros / size, finite }
	})
	const share = (holds: (row: (typeof rows)[number]) => boolean) => rows.filter(holds).length / rows.length
	return {
		zero: share(({ zeros }) => zeros === 1),
		vanishing: share(({ most, zeros, finite }) => finite && zeros < 1 && most < vanishing),
		overflowing: share(({ finite }) => !finite),
		zeroEntries: mean(rows.map(({ zeros }) => zeros)),
	}
}

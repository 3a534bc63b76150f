/**
 * The common weakness attack (Chen et al., "Rethinking Model Ensemble in Transfer-based Adversarial Attacks", 2024) with the
 * momentum and the spectrum variant: it makes images on surrogates, in places where the surrogates' losses are flat and
 * their gradients agree.
 */

import { crossEntropyObjective } from '../../../classifier/objectives/objective.js'
import type { Passes } from '../../../classifier/pass-counter.js'
import { missing } from '../../../core/at.js'
import { rowSize } from '../../../core/rows.js'
import { int64, type Tensor } from '../../../core/tensor.js'
import { defineAttack } from '../../define-attack.js'
import type { AttackRun } from '../../run/attack-round.js'
import { requireFinite } from '../../run/require-finite.js'
import { perturbationSet } from '../../sets/registry.js'
import { ensembleGradient } from '../transfer/ensemble-gradient.js'
import { accumulate } from '../transfer/momentum.js'
import { spectrumGradient } from '../transfer/spectrum-gradient.js'
import { recordedWithSurrogates, requireSurrogates, type Surrogate } from '../transfer/surrogate.js'
import { type CwaSettings, cwaSchema } from './cwa-options.js'

/**
 * CWA on a batch. It uses only the classes and the input size of the classifier. Steps follow the reference
 * (huanranchen/AdversarialAttacks), with epsilon in place of its 16/255: steps back of epsilon / 15, outer steps of epsilon
 * / 5, noise of standard deviation epsilon. One difference: each image divides its outer step by its own L1 norm, not by
 * that of the batch, so that no image depends on its batch. A gradient or step of zero adds nothing to a momentum, where the
 * reference divides by zero. Random starts come from the image's stream with the purpose `cwa start`, copies from `cwa
 * spectrum`.
 * @throws NaptuneError for surrogates of other classes or image sizes, or naming the images whose gradient is not finite.
 */
async function craft(
	settings: CwaSettings,
	...[classifier, batch, threatModel, streams, sight]: Parameters<AttackRun>
): Promise<Tensor<'float32'>> {
	const { surrogates, variant, steps, start, decay, innerStep, ensemble } = settings
	const { epsilon } = threatModel
	requireSurrogates('cwa', surrogates, classifier, true)
	const current: Tensor<'float32'> = { ...batch.images, data: batch.images.data.slice() }
	if (epsilon === 0) return current
	const { ids } = batch
	const size = rowSize(current)
	const set = perturbationSet(threatModel, batch.images)
	if (start === 'uniform') {
		for (const [row, id] of ids.entries()) set.sample(current.data, row, streams(id, 'cwa start'))
	}
	const spectrum = { ...settings, deviation: settings.relativeNoise * epsilon }
	const own = ids.map((id) => streams(id, 'cwa spectrum'))
	const labels = { labels: int64([ids.length], batch.labels) }
	const gradientOf = async (surrogate: Surrogate, where: string): Promise<ArrayLike<number>> => {
		if (variant === 'ssa') return spectrumGradient(surrogate, current, batch, spectrum, own, where, sight)
		const found = await surrogate.classifier.gradient(current, crossEntropyObjective, labels)
		requireFinite(found, ids, `of surrogate ${surrogate.name}, ${where}`, sight)
		return found.gradient.data
	}

	const inner = new Float64Array(current.data.length)
	const outer = new Float64Array(current.data.length)
	for (let step = 0; step < steps; step++) {
		const where = `step ${step + 1} of ${steps} of CWA`
		const before = current.data.slice()
		if (variant === 'mi') {
			const gradient = await ensembleGradient(surrogates, current, batch, ensemble, where, sight)
			set.ascend(current.data, gradient, -settings.relativeReverseStep * epsilon)
		}
		for (const surrogate of surrogates) {
			accumulate(inner, await gradientOf(surrogate, where), size, decay, 'l2')
			move(current.data, current.data, inner, (momentum) => innerStep * momentum)
			set.project(current.data)
		}
		const change = new Float64Array(current.data)
		for (let index = 0; index < change.length; index++) {
			change[index] = (change[index] ?? missing) - (before[index] ?? missing)
		}
		accumulate(outer, change, size, decay, 'l1')
		move(current.data, before, outer, (momentum) => settings.relativeOuterStep * epsilon * Math.sign(momentum))
		set.project(current.data)
	}
	return current
}

function move(
	target: Float32Array,
	from: Float32Array,
	momentum: Float64Array,
	step: (momentum: number) => number,
): void {
	for (let index = 0; index < target.length; index++) {
		target[index] = (from[index] ?? missing) + step(momentum[index] ?? missing)
	}
}

/**
 * The common weakness attack, on the classifiers in its option `surrogates`.
 * @example
 * const attack = cwa.prepare({ surrogates, variant: 'ssa', copies: 10 })
 */
export const cwa = defineAttack({
	name: 'cwa',
	doc: 'Common weakness attack: makes images on several surrogates.',
	source:
		'Chen et al. 2024, arXiv 2303.09105; steps as in huanranchen/AdversarialAttacks (MI_CommonWeakness, SSA_CommonWeakness), constants of 16/255 following epsilon, norms per image',
	access: 'nothing',
	norms: ['linf'],
	schema: cwaSchema,
	presets: {
		'mi-cwa': { doc: 'CWA with momentum: 10 steps, a step back before each.', options: { variant: 'mi' } },
		'ssa-cwa': { doc: 'CWA over 20 spectrum copies per gradient, 10 steps.', options: { variant: 'ssa' } },
	},
	recorded: recordedWithSurrogates,
	rounds: (settings) => [
		{ stage: 'cwa', name: 'cwa', cost: costOf(settings), run: (...call) => craft(settings, ...call) },
	],
})

/** Before surrogates are given, the cost for one. */
function costOf({ surrogates, variant, steps, copies }: CwaSettings): Passes {
	const perStep = variant === 'ssa' ? { evaluations: 0, gradients: copies } : { evaluations: 1, gradients: 2 }
	const count = steps * Math.max(1, surrogates.length)
	return { evaluations: count * perStep.evaluations, gradients: count * perStep.gradients }
}

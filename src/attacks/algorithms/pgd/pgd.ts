/**
 * Projected gradient descent (Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", 2018): repeated
 * steps along the gradient's sign (L-infinity) or direction (L2), each projected into the ball and the box.
 */

import { expectedGradient } from '../../../classifier/expected-gradient.js'
import { marginObjective } from '../../../classifier/objectives/margin-objectives.js'
import type { Objective } from '../../../classifier/objectives/objective.js'
import type { SideInputs } from '../../../classifier/objectives/side-inputs.js'
import { logitsOf, predictions } from '../../../classifier/predictions.js'
import { at, entry } from '../../../core/at.js'
import { range, takeRows } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { int64 } from '../../../core/tensor.js'
import { defineAttack } from '../../define-attack.js'
import type { AttackRun } from '../../run/attack-round.js'
import { requireFinite } from '../../run/require-finite.js'
import { perturbationSet } from '../../sets/registry.js'
import { bestImages } from './best-images.js'
import { type PgdOptions, type PgdSettings, pgdSchema, stepLength } from './pgd-options.js'

/** The inner attack of tuning: 5 steps of 0.3 epsilon from the clean image, as in the authors' code. */
export const trainingPgd = { steps: 5, relativeStepSize: 0.3, start: 'zero' } as const satisfies PgdOptions

/** The attack of evaluation: 100 steps of a quarter of epsilon from a random point. */
export const pgd100 = {
	steps: 100,
	relativeStepSize: 0.25,
	start: 'uniform',
	restarts: 1,
} as const satisfies PgdOptions

/**
 * PGD on a batch. Every step moves and projects pixels in float64 and rounds them to float32 (see {@link perturbationSet});
 * epsilon 0 returns the clean images. Random starts come from the image's stream with the purpose `pgd start R` for restart
 * R, counted from 0.
 * @throws NaptuneError (from the returned function) that names the images whose loss or gradient is not finite.
 */
export function pgdRun(settings: PgdSettings): AttackRun {
	const { steps, start, restarts, targeted, keep, eotSamples = 1 } = settings
	const { sideInputs = labelInputs(settings) } = settings
	const scored = isScored(settings)
	const objective = scored ? withLogits(settings.objective) : settings.objective
	return async (classifier, batch, threatModel, streams, sight) => {
		const best = bestImages(batch.images)
		if (threatModel.epsilon === 0) return best.images
		const stepSize = stepLength(settings, threatModel.epsilon)
		const side = await sideInputs(classifier, batch)
		const gradientAt = expectedGradient(classifier, eotSamples)

		let open = range(0, batch.ids.length)
		for (let restart = 0; restart < restarts && open.length > 0; restart++) {
			const clean = takeRows(batch.images, open)
			const ids = open.map((row) => at(batch.ids, row))
			const ownSide = Object.fromEntries(Object.entries(side).map(([name, value]) => [name, takeRows(value, open)]))
			const set = perturbationSet(threatModel, clean)
			const current: Tensor<'float32'> = { ...clean, data: clean.data.slice() }
			if (start !== 'zero') {
				for (const [place, id] of ids.entries()) {
					set.sample(current.data, place, streams(id, `pgd start ${restart}`), start === 'one-sided')
				}
			}
			const look = async (step: number, offer: boolean) => {
				const seen = await gradientAt(restart * (steps + 1) + step, current, objective, ownSide)
				requireFinite(seen, ids, `of PGD before step ${step + 1} of ${steps}, restart ${restart + 1}`, sight)
				if (!offer) return seen.gradient
				// Gradients with hidden random numbers come with the taps of guessed ones; only the deployed classifier
				// counts.
				const logits = classifier.draw ? await logitsOf(classifier, current) : entry(seen.taps, 'logits')
				for (const [place, predicted] of predictions(logits, ids).entries()) {
					const row = at(open, place)
					const fooled = (predicted === batch.labels[row]) === targeted
					best.offer(row, { fooled, loss: at(seen.loss.data, place) }, current.data, place)
				}
				return seen.gradient
			}
			for (let step = 0; step < steps; step++) {
				const gradient = await look(step, keep === 'worst')
				set.ascend(current.data, gradient.data, stepSize)
			}
			if (!scored) return current
			await look(steps, true)
			if (keep === 'last') open = open.filter((row) => !best.fooled(row))
		}
		return best.images
	}
}

/** Whether iterates are scored, which takes one more gradient per restart. */
function isScored({ keep, restarts }: PgdSettings): boolean {
	return keep === 'worst' || restarts > 1
}

/** The labels, if the objective reads them. */
function labelInputs({ objective }: PgdSettings): SideInputs {
	const reads = Object.hasOwn(objective.side, 'labels')
	return async (_, { labels }) => (reads ? { labels: int64([labels.length], labels) } : {})
}

/** The objective, with the logits among the returned taps. */
function withLogits(objective: Objective): Objective {
	if (objective.taps.includes('logits')) return objective
	return { ...objective, name: `${objective.name} and logits`, taps: [...objective.taps, 'logits'] }
}

/**
 * Projected gradient descent, by default on the cross entropy, from a random point of the ball.
 * @example
 * const attack = pgd.prepare({ steps: 40, relativeStepSize: 0.1, restarts: 3 })
 */
export const pgd = defineAttack({
	name: 'pgd',
	doc: 'Projected gradient descent on the cross entropy.',
	source:
		'Madry et al. 2018, arXiv 1706.06083; step counts and sizes as in evaluations of adversarial prompt tuning (100 steps of epsilon / 4)',
	access: 'gradient',
	norms: ['linf', 'l2'],
	schema: pgdSchema,
	presets: {
		'pgd-100': {
			doc: 'The evaluation attack: 100 steps of epsilon / 4 from a random point, 1 restart.',
			options: pgd100,
		},
		'pgd-20': { doc: 'A quick look: 20 steps of epsilon / 4 from a random point.', options: { ...pgd100, steps: 20 } },
		'pgd-100-zero': { doc: 'As pgd-100, from the clean image.', options: { ...pgd100, start: 'zero' } },
		'pgd-5': { doc: 'The inner attack of tuning: 5 steps of 0.3 epsilon from the clean image.', options: trainingPgd },
		'pgd-100-targeted': {
			doc: 'As pgd-100, towards a target class, which the images are to be taken for.',
			options: { ...pgd100, targeted: true },
		},
		'pgd-margin': {
			doc: "As pgd-100, on the largest other class's cosine minus the true class's.",
			options: { ...pgd100, objective: marginObjective },
		},
	},
	alternatives: [['stepSize', 'relativeStepSize']],
	targeted: ({ targeted }) => targeted,
	followsPredictions: isScored,
	draws: ({ eotSamples = 1 }) => eotSamples,
	objective: ({ objective }) => objective.name,
	recorded: ({ sideInputs: _, ...settings }) => ({ ...settings, objective: settings.objective.name }),
	rounds(settings, _, name) {
		const { steps, restarts, eotSamples = 1, sideInputs } = settings
		const gradients = restarts * (steps + (isScored(settings) ? 1 : 0)) * eotSamples
		return [{ stage: name, name, cost: { evaluations: sideInputs ? 1 : 0, gradients }, run: pgdRun(settings) }]
	},
})

/**
 * Auto-PGD (Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks", ICML 2020) as in the fra31/auto-attack repository. One difference is deliberate: each image draws its random
 * start from its own stream, from the same distribution.
 */

import { defined } from '../../../core/defined.js'
import { range } from '../../../core/rows.js'
import { defineAttack } from '../../define-attack.js'
import type { AttackRound } from '../../run/attack-round.js'
import { apgdLoss } from './apgd-losses.js'
import { type ApgdSettings, apgdSchema } from './apgd-options.js'
import { apgdRound } from './apgd-round.js'

/**
 * The rounds of APGD for a number of classes: its restarts, and for targeted losses every target in turn.
 * @throws NaptuneError for a loss that is undefined for so few classes.
 */
export function apgdRounds(settings: ApgdSettings, classes: number): AttackRound[] {
	const loss = apgdLoss(settings.loss, classes)
	const ranks = settings.targets === undefined ? [undefined] : range(1, Math.min(settings.targets, classes - 1) + 1)
	return ranks.flatMap((rank) =>
		range(0, settings.restarts).map((restart) => apgdRound(loss, settings, { restart, ...defined({ rank }) })),
	)
}

/**
 * APGD: each round attacks the images that no earlier round has fooled. Images that are wrong when clean, and images that no
 * round fools, stay clean.
 * @example
 * const attack = apgd.prepare({ loss: 'dlr-targeted', targets: 9, steps: 100 })
 */
export const apgd = defineAttack({
	name: 'apgd',
	doc: 'Auto-PGD: gradient ascent with momentum that halves its step when progress stalls.',
	source: 'Croce & Hein 2020, arXiv 2003.01690; constants and corner cases as in fra31/auto-attack',
	access: 'gradient',
	norms: ['linf', 'l2'],
	skipsWrong: true,
	schema: apgdSchema,
	presets: {
		'apgd-ce': { doc: 'APGD on the cross entropy: 100 steps, 1 restart.', options: { loss: 'ce' } },
		'apgd-dlr': { doc: 'APGD on the difference of logits ratio: 100 steps, 1 restart.', options: { loss: 'dlr' } },
		'apgd-t': {
			doc: 'APGD on the targeted difference of logits ratio: 100 steps for each of the 9 nearest classes.',
			options: { loss: 'dlr-targeted' },
		},
		'apgd-margin': { doc: 'APGD on the margin of logits: 100 steps, 1 restart.', options: { loss: 'margin' } },
		'apgd-t-margin': {
			doc: 'APGD on the targeted margin of logits: 100 steps for each of the 9 nearest classes.',
			options: { loss: 'margin-targeted' },
		},
	},
	draws: ({ eotSamples }) => eotSamples,
	rounds: apgdRounds,
})

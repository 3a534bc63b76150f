/** MI-FGSM (Dong et al., "Boosting Adversarial Attacks with Momentum", 2018): steps along a momentum of gradients on surrogates. */

import { z } from 'zod'
import { defineAttack } from '../../define-attack.js'
import { momentumOptions, momentumRounds } from '../transfer/momentum-attack.js'
import { recordedWithSurrogates } from '../transfer/surrogate.js'

const schema = z.strictObject(momentumOptions)

/**
 * MI-FGSM, on the classifiers in its option `surrogates`.
 * @example
 * const attack = miFgsm.prepare({ surrogates, steps: 20 })
 */
export const miFgsm = defineAttack({
	name: 'mi-fgsm',
	doc: 'Momentum iterative FGSM: makes images on surrogates.',
	source:
		'Dong et al. 2018, arXiv 1710.06081; constants as in Trustworthy-AI-Group/TransferAttack (10 steps of epsilon / 10, decay 1)',
	access: 'nothing',
	norms: ['linf'],
	schema,
	presets: {},
	recorded: recordedWithSurrogates,
	rounds: (settings, _, name) =>
		momentumRounds(name, settings, settings.steps, (gradientAt) => (images, _step, where) => gradientAt(images, where)),
})
